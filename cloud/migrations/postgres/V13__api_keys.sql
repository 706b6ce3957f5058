-- The columns of SQLite's V35, which says what they are.
ALTER TABLE organizer_keys ADD COLUMN key_id bytea;
ALTER TABLE organizer_keys ADD COLUMN name text NOT NULL DEFAULT 'First key';
ALTER TABLE organizer_keys ADD COLUMN role text NOT NULL DEFAULT 'owner';
ALTER TABLE organizer_keys ADD COLUMN expires_at bigint;
ALTER TABLE organizer_keys ADD COLUMN last_used_at bigint;
ALTER TABLE organizer_keys ADD COLUMN revoked_at bigint;
UPDATE organizer_keys SET key_id = organizer_id;
ALTER TABLE organizer_keys ALTER COLUMN key_id SET NOT NULL;
ALTER TABLE organizer_keys ALTER COLUMN name DROP DEFAULT;
ALTER TABLE organizer_keys ALTER COLUMN role DROP DEFAULT;
ALTER TABLE organizer_keys ADD UNIQUE (key_id);
ALTER TABLE organizer_keys ADD CHECK (length(key_id) = 16);
ALTER TABLE organizer_keys ADD CHECK (role IN ('owner', 'manager', 'box_office', 'support', 'gate_admin', 'auditor', 'viewer'));

CREATE INDEX keys_of_organizer ON organizer_keys (organizer_id, created_at);
