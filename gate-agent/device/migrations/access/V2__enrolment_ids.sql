-- Codes go by an id that is derived from their secret, and keep the key that a scanner proves it holds the code with:
-- whoever reads the key of an unused code can use the code. Codes from before have neither, and lasted for an hour.
DROP TABLE scanner_codes;

-- A used code names the device that used it.
CREATE TABLE scanner_codes (
    code_id BLOB NOT NULL PRIMARY KEY CHECK (length(code_id) = 32),
    code_key BLOB NOT NULL CHECK (length(code_key) = 32),
    terms TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    device BLOB CHECK (device IS NULL OR length(device) = 32)
) STRICT, WITHOUT ROWID;
