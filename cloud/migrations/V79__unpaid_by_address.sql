-- What a buyer has begun to pay for: asked whenever another booking begins, however many of theirs are over.
CREATE INDEX bookings_open_by_address ON bookings (event_id, lower(email)) WHERE closed_at IS NULL AND email <> '';
