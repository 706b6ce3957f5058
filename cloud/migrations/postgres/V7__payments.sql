-- The columns and states of SQLite's V23, which says what they are.
ALTER TABLE bookings ADD COLUMN attempt bigint;
ALTER TABLE bookings ADD COLUMN payment text;
ALTER TABLE bookings ADD COLUMN action text;
ALTER TABLE bookings ADD COLUMN pay_by bigint;

DROP INDEX bookings_by_key;
DROP INDEX one_live_booking_of_reservation;
DROP INDEX bookings_paying;
DROP INDEX bookings_of_reservation;
ALTER TABLE bookings DROP CONSTRAINT bookings_state_check;
ALTER TABLE bookings DROP CONSTRAINT bookings_check;
ALTER TABLE bookings DROP CONSTRAINT bookings_check1;
ALTER TABLE bookings DROP CONSTRAINT bookings_check2;

-- All are numbered in one pass: to count the earlier ones for each would take longer than a statement may.
UPDATE bookings SET state = CASE state WHEN 'abandoned' THEN 'canceled' ELSE state END, pay_by = created_at + 900000,
    attempt = numbered.attempt
FROM (SELECT event_id, booking_id, row_number() OVER (PARTITION BY event_id, reservation_id ORDER BY created_at, booking_id) AS attempt
      FROM bookings) AS numbered
WHERE numbered.event_id = bookings.event_id AND numbered.booking_id = bookings.booking_id;

ALTER TABLE bookings ALTER COLUMN attempt SET NOT NULL;
ALTER TABLE bookings ALTER COLUMN pay_by SET NOT NULL;
ALTER TABLE bookings ADD CHECK (attempt > 0);
ALTER TABLE bookings ADD CHECK (state IN ('paying', 'action_required', 'processing', 'confirmed', 'declined', 'expired', 'canceled',
                                          'refunding', 'refunded'));
ALTER TABLE bookings ADD CHECK ((state IN ('paying', 'action_required', 'processing', 'refunding')) = (closed_at IS NULL));
ALTER TABLE bookings ADD CHECK ((state = 'declined') = (decline IS NOT NULL));
ALTER TABLE bookings ADD CHECK ((state = 'action_required') = (action IS NOT NULL));
ALTER TABLE bookings ADD CHECK (closed_at IS NOT NULL OR former_id IS NULL);

CREATE UNIQUE INDEX bookings_by_key ON bookings (idempotency_key, event_id) WHERE state <> 'canceled';
CREATE UNIQUE INDEX one_live_booking_of_reservation ON bookings (reservation_id, event_id)
    WHERE state IN ('paying', 'action_required', 'processing', 'refunding', 'confirmed');
CREATE UNIQUE INDEX bookings_of_reservation ON bookings (reservation_id, attempt, event_id);
CREATE INDEX bookings_open ON bookings (booking_id, event_id) WHERE closed_at IS NULL;

-- The record of the sandbox gateway: a payment may also wait for the buyer ('asked') or the bank ('processing'), and be declined.
ALTER TABLE charges DROP CONSTRAINT charges_state_check;
ALTER TABLE charges ADD CHECK (state IN ('asked', 'processing', 'declined', 'charged', 'refunded', 'void'));
