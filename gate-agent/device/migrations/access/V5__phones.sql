-- Codes by which a phone with pretixSCAN becomes a scanner of this hub, once; only a hash is kept.
CREATE TABLE phone_codes (
    code_hash BLOB NOT NULL PRIMARY KEY CHECK (length(code_hash) = 32),
    name TEXT NOT NULL,
    gates TEXT NOT NULL,
    phone_expires_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Phones that were set up; only their token's hash is kept. One that was revoked stays, so that it is told to wipe itself. `forced`
-- counts the admissions it reports to have made by itself, which no phone of ours does.
CREATE TABLE phones (
    id INTEGER NOT NULL PRIMARY KEY,
    serial BLOB NOT NULL UNIQUE CHECK (length(serial) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    name TEXT NOT NULL,
    gates TEXT NOT NULL,
    model TEXT NOT NULL,
    software TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms INTEGER,
    revoked_ms INTEGER,
    forced INTEGER NOT NULL DEFAULT 0
) STRICT;
