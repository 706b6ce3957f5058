-- Which server process a device is linked to, until when that counts unless it is said again, and how far its clock was ahead of
-- that server's, in milliseconds.
ALTER TABLE device_contacts ADD COLUMN clock_ahead_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device_contacts ADD COLUMN linked_to BLOB CHECK (length(linked_to) = 16);
ALTER TABLE device_contacts ADD COLUMN linked_until INTEGER CHECK ((linked_to IS NULL) = (linked_until IS NULL));
