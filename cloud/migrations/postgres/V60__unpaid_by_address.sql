-- The index of SQLite's V79, which says what it is for. V2 says why it does not begin with the event.
CREATE INDEX bookings_open_by_address ON bookings (lower(email COLLATE "C"), event_id) WHERE closed_at IS NULL AND email <> '';
