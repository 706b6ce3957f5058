-- As long as a table has no statistics, PostgreSQL takes an event to own a two-hundredth of its rows, and so an index that begins with
-- the event to be as good as the key: it looked for one booking among all of the event's. Indices begin with what tells rows apart.
DROP INDEX bookings_by_key;
CREATE UNIQUE INDEX bookings_by_key ON bookings (idempotency_key, event_id) WHERE state <> 'abandoned';
DROP INDEX one_live_booking_of_reservation;
CREATE UNIQUE INDEX one_live_booking_of_reservation ON bookings (reservation_id, event_id) WHERE state IN ('paying', 'confirmed');
DROP INDEX bookings_paying;
CREATE INDEX bookings_paying ON bookings (booking_id, event_id) WHERE state = 'paying';
DROP INDEX bookings_by_former_id;
CREATE UNIQUE INDEX bookings_by_former_id ON bookings (former_id, event_id) WHERE former_id IS NOT NULL;
DROP INDEX bookings_by_charge;
CREATE UNIQUE INDEX bookings_by_charge ON bookings (charge_reference, event_id);
DROP INDEX bookings_of_reservation;
CREATE INDEX bookings_of_reservation ON bookings (reservation_id, event_id);
DROP INDEX tickets_of_booking;
CREATE INDEX tickets_of_booking ON tickets (booking_id, event_id);
DROP INDEX tickets_by_code;
CREATE UNIQUE INDEX tickets_by_code ON tickets (code, event_id);
DROP INDEX one_valid_ticket_of_unit;
CREATE UNIQUE INDEX one_valid_ticket_of_unit ON tickets (unit, event_id) WHERE state = 'valid';
DROP INDEX reservations_unbooked;
CREATE INDEX reservations_unbooked ON reservations (expires_at, event_id) WHERE state IN ('held', 'released');
