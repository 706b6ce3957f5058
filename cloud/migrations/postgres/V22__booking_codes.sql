-- The column of SQLite's V38, which says what it is. What was drawn twice is drawn again.
ALTER TABLE bookings ADD COLUMN code bigint CHECK (code >= 0 AND code < 1073741824);
UPDATE bookings SET code = 37 * floor(random() * 29020049)::bigint + floor(random() * 32)::bigint;
UPDATE bookings SET code = 37 * floor(random() * 29020049)::bigint + floor(random() * 32)::bigint
FROM (SELECT event_id, booking_id, row_number() OVER (PARTITION BY event_id, code) AS nth FROM bookings) AS drawn
WHERE drawn.nth > 1 AND drawn.event_id = bookings.event_id AND drawn.booking_id = bookings.booking_id;
UPDATE bookings SET code = 37 * floor(random() * 29020049)::bigint + floor(random() * 32)::bigint
FROM (SELECT event_id, booking_id, row_number() OVER (PARTITION BY event_id, code) AS nth FROM bookings) AS drawn
WHERE drawn.nth > 1 AND drawn.event_id = bookings.event_id AND drawn.booking_id = bookings.booking_id;
UPDATE bookings SET code = 37 * floor(random() * 29020049)::bigint + floor(random() * 32)::bigint
FROM (SELECT event_id, booking_id, row_number() OVER (PARTITION BY event_id, code) AS nth FROM bookings) AS drawn
WHERE drawn.nth > 1 AND drawn.event_id = bookings.event_id AND drawn.booking_id = bookings.booking_id;
ALTER TABLE bookings ALTER COLUMN code SET NOT NULL;
CREATE UNIQUE INDEX bookings_by_code ON bookings (code, event_id);
CREATE INDEX bookings_by_address ON bookings (lower(email COLLATE "C"), event_id);
-- No index begins with the event (V2 says why): a list of bookings reads all of its event.
