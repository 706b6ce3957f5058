-- Tokens end. One from before ends a week after it was made, as a new one does at the latest.
ALTER TABLE device_tokens ADD COLUMN expires_ms INTEGER NOT NULL DEFAULT 0;
UPDATE device_tokens SET expires_ms = created_ms + 7 * 24 * 60 * 60 * 1000;

-- When it was last shown, noted once a minute at most; NULL means never.
ALTER TABLE device_tokens ADD COLUMN used_ms INTEGER;
