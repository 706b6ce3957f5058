-- The booking code: by what people speak of a booking, by the value of its six digits. It is drawn at random and unique within its event.
-- Bookings from before get one too; one draw in ten thousand meets another's in a large event, and is made again.
ALTER TABLE bookings ADD COLUMN code INTEGER CHECK (code >= 0 AND code < 1073741824);

CREATE UNIQUE INDEX bookings_by_code ON bookings (event_id, code);

UPDATE OR IGNORE bookings SET code = 37 * abs(random() % 29020049) + abs(random() % 32) WHERE code IS NULL;
UPDATE OR IGNORE bookings SET code = 37 * abs(random() % 29020049) + abs(random() % 32) WHERE code IS NULL;
UPDATE OR IGNORE bookings SET code = 37 * abs(random() % 29020049) + abs(random() % 32) WHERE code IS NULL;
UPDATE OR IGNORE bookings SET code = 37 * abs(random() % 29020049) + abs(random() % 32) WHERE code IS NULL;
UPDATE OR IGNORE bookings SET code = 37 * abs(random() % 29020049) + abs(random() % 32) WHERE code IS NULL;

-- By which an organizer finds bookings: the buyer's address, and the charge reference, which orders them by time for good.
CREATE INDEX bookings_by_address ON bookings (event_id, lower(email));
