-- One-time codes for enrolling scanners; only the secret's hash is kept. A used code names the device that used it.
CREATE TABLE scanner_codes (
    secret_hash BLOB NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    terms TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    device BLOB CHECK (device IS NULL OR length(device) = 32)
) STRICT, WITHOUT ROWID;

-- Tokens of turnstiles and foreign handhelds; only the token's hash is kept.
CREATE TABLE device_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    name TEXT NOT NULL,
    gates TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
