-- A booking is a payment's whole course: 'paying', 'action_required' (the buyer has something to do) and 'processing' (the bank has)
-- are open, and so is 'refunding'; all others have ended. attempt numbers the bookings of a reservation, of which one at a time is
-- open. payment is what the gateway knows it by, if that is not the charge reference; action where the buyer has to go, which is a
-- secret; pay_by until when it can be paid.

CREATE TABLE tickets_kept AS SELECT * FROM tickets;
DROP TABLE tickets;

CREATE TABLE bookings_anew (
    event_id         BLOB    NOT NULL,
    booking_id       BLOB    NOT NULL CHECK (length(booking_id) = 24),
    former_id        BLOB    CHECK (length(former_id) = 24),
    charge_reference BLOB    NOT NULL CHECK (length(charge_reference) = 24),
    reservation_id   BLOB    NOT NULL,
    attempt          INTEGER NOT NULL CHECK (attempt > 0),
    idempotency_key  TEXT    NOT NULL,
    request_hash     BLOB    NOT NULL CHECK (length(request_hash) = 32),
    state            TEXT    NOT NULL CHECK (state IN ('paying', 'action_required', 'processing', 'confirmed', 'declined', 'expired',
                                                       'canceled', 'refunding', 'refunded')),
    decline          TEXT,
    payment          TEXT,
    action           TEXT,
    email            TEXT    NOT NULL,
    amount           INTEGER NOT NULL CHECK (amount >= 0),
    created_at       INTEGER NOT NULL,
    pay_by           INTEGER NOT NULL,
    closed_at        INTEGER,
    PRIMARY KEY (event_id, booking_id),
    FOREIGN KEY (event_id, reservation_id) REFERENCES reservations,
    CHECK ((state IN ('paying', 'action_required', 'processing', 'refunding')) = (closed_at IS NULL)),
    CHECK ((state = 'declined') = (decline IS NOT NULL)),
    CHECK ((state = 'action_required') = (action IS NOT NULL)),
    CHECK (closed_at IS NOT NULL OR former_id IS NULL)
) WITHOUT ROWID;

INSERT INTO bookings_anew (event_id, booking_id, former_id, charge_reference, reservation_id, attempt, idempotency_key, request_hash,
                           state, decline, email, amount, created_at, pay_by, closed_at)
SELECT event_id, booking_id, former_id, charge_reference, reservation_id,
       row_number() OVER (PARTITION BY event_id, reservation_id ORDER BY created_at, booking_id), idempotency_key, request_hash,
       CASE state WHEN 'abandoned' THEN 'canceled' ELSE state END, decline, email, amount, created_at, created_at + 900000, closed_at
FROM bookings;
DROP TABLE bookings;
ALTER TABLE bookings_anew RENAME TO bookings;

CREATE UNIQUE INDEX bookings_by_key ON bookings (event_id, idempotency_key) WHERE state <> 'canceled';
CREATE UNIQUE INDEX one_live_booking_of_reservation ON bookings (event_id, reservation_id)
    WHERE state IN ('paying', 'action_required', 'processing', 'refunding', 'confirmed');
CREATE UNIQUE INDEX bookings_of_reservation ON bookings (event_id, reservation_id, attempt);
CREATE INDEX bookings_open ON bookings (event_id, booking_id) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX bookings_by_former_id ON bookings (event_id, former_id) WHERE former_id IS NOT NULL;
CREATE UNIQUE INDEX bookings_by_charge ON bookings (event_id, charge_reference);

CREATE TABLE tickets (
    event_id    BLOB    NOT NULL,
    ticket_id   BLOB    NOT NULL CHECK (length(ticket_id) = 24),
    unit        INTEGER NOT NULL,
    generation  INTEGER NOT NULL CHECK (generation >= 1),
    booking_id  BLOB,
    state       TEXT    NOT NULL CHECK (state IN ('valid', 'superseded', 'revoked')),
    transferred INTEGER NOT NULL DEFAULT 0 CHECK (transferred = 0 OR (transferred = 1 AND state = 'superseded')),
    payload     TEXT    NOT NULL,
    issued_at   INTEGER NOT NULL,
    code        INTEGER CHECK (code >= 0 AND code < 34359738349),
    PRIMARY KEY (event_id, ticket_id),
    UNIQUE (event_id, unit, generation),
    FOREIGN KEY (event_id, booking_id) REFERENCES bookings ON UPDATE CASCADE,
    FOREIGN KEY (event_id, unit) REFERENCES units
) WITHOUT ROWID;

INSERT INTO tickets (event_id, ticket_id, unit, generation, booking_id, state, transferred, payload, issued_at, code)
SELECT event_id, ticket_id, unit, generation, booking_id, state, transferred, payload, issued_at, code FROM tickets_kept;
DROP TABLE tickets_kept;

CREATE UNIQUE INDEX one_valid_ticket_of_unit ON tickets (event_id, unit) WHERE state = 'valid';
CREATE INDEX tickets_of_booking ON tickets (event_id, booking_id);
CREATE UNIQUE INDEX tickets_by_code ON tickets (event_id, code);
