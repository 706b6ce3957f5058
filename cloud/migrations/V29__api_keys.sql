-- An API key has an id that may be seen, a name, a staff role and an end. The first one of each organizer has the organizer's number.

CREATE TABLE organizer_keys_anew (
    key_hash     BLOB    PRIMARY KEY CHECK (length(key_hash) = 32),
    key_id       BLOB    NOT NULL UNIQUE CHECK (length(key_id) = 16),
    organizer_id BLOB    NOT NULL REFERENCES organizers,
    name         TEXT    NOT NULL,
    role         TEXT    NOT NULL CHECK (role IN ('owner', 'manager', 'box_office', 'support', 'gate_admin', 'auditor', 'viewer')),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
) WITHOUT ROWID;

INSERT INTO organizer_keys_anew (key_hash, key_id, organizer_id, name, role, created_at)
SELECT key_hash, organizer_id, organizer_id, 'First key', 'owner', created_at FROM organizer_keys;
DROP TABLE organizer_keys;
ALTER TABLE organizer_keys_anew RENAME TO organizer_keys;

CREATE INDEX keys_of_organizer ON organizer_keys (organizer_id, created_at);
