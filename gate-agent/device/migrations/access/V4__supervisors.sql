-- Supervisors who have refusals overridden at any scanner by a PIN; only an Argon2id hash of it is kept. They are found by their
-- folded name, so that nobody at a gate minds capitals.
CREATE TABLE supervisors (
    folded_name TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    pin_hash BLOB NOT NULL CHECK (length(pin_hash) = 32),
    set_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
