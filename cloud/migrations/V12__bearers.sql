-- Who knows a booking's id sees the booking, so that the id can be renewed (former_id is the one before), and the payment
-- gateway knows the charge by a reference of its own, which opens nothing. A ticket that was transferred to somebody else
-- leaves its booking: the old one stays there, marked, and the new one is in none.

CREATE TABLE tickets_kept AS SELECT * FROM tickets;
DROP TABLE tickets;

CREATE TABLE bookings_anew (
    event_id         BLOB    NOT NULL,
    booking_id       BLOB    NOT NULL CHECK (length(booking_id) = 24),
    former_id        BLOB    CHECK (length(former_id) = 24),
    charge_reference BLOB    NOT NULL CHECK (length(charge_reference) = 24),
    reservation_id   BLOB    NOT NULL,
    idempotency_key  TEXT    NOT NULL,
    request_hash     BLOB    NOT NULL CHECK (length(request_hash) = 32),
    state            TEXT    NOT NULL CHECK (state IN ('paying', 'confirmed', 'declined', 'refunded', 'abandoned')),
    decline          TEXT,
    email            TEXT    NOT NULL,
    amount           INTEGER NOT NULL CHECK (amount >= 0),
    created_at       INTEGER NOT NULL,
    closed_at        INTEGER,
    PRIMARY KEY (event_id, booking_id),
    FOREIGN KEY (event_id, reservation_id) REFERENCES reservations,
    CHECK ((state = 'paying') = (closed_at IS NULL)),
    CHECK ((state = 'declined') = (decline IS NOT NULL)),
    CHECK (state <> 'paying' OR former_id IS NULL)
) WITHOUT ROWID;

-- The gateway knows the charges made so far by the bookings' first ids.
INSERT INTO bookings_anew (event_id, booking_id, charge_reference, reservation_id, idempotency_key, request_hash, state,
                           decline, email, amount, created_at, closed_at)
SELECT event_id, booking_id, booking_id, reservation_id, idempotency_key, request_hash, state,
       decline, email, amount, created_at, closed_at
FROM bookings;
DROP TABLE bookings;
ALTER TABLE bookings_anew RENAME TO bookings;

CREATE UNIQUE INDEX bookings_by_key ON bookings (event_id, idempotency_key) WHERE state <> 'abandoned';
CREATE UNIQUE INDEX one_live_booking_of_reservation ON bookings (event_id, reservation_id) WHERE state IN ('paying', 'confirmed');
CREATE INDEX bookings_paying ON bookings (event_id, booking_id) WHERE state = 'paying';
CREATE UNIQUE INDEX bookings_by_former_id ON bookings (event_id, former_id) WHERE former_id IS NOT NULL;
CREATE UNIQUE INDEX bookings_by_charge ON bookings (event_id, charge_reference);

-- A unit has at most one ticket of each generation. transferred: the ticket that replaced this one is somebody else's.
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
    PRIMARY KEY (event_id, ticket_id),
    UNIQUE (event_id, unit, generation),
    FOREIGN KEY (event_id, booking_id) REFERENCES bookings ON UPDATE CASCADE,
    FOREIGN KEY (event_id, unit) REFERENCES units
) WITHOUT ROWID;

INSERT INTO tickets (event_id, ticket_id, unit, generation, booking_id, state, payload, issued_at)
SELECT event_id, ticket_id, unit, generation, booking_id, state, payload, issued_at FROM tickets_kept;
DROP TABLE tickets_kept;

CREATE UNIQUE INDEX one_valid_ticket_of_unit ON tickets (event_id, unit) WHERE state = 'valid';
CREATE INDEX tickets_of_booking ON tickets (event_id, booking_id);
