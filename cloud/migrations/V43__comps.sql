-- Tickets that an organizer gives away: which booking each person of a list has. batch is the BLAKE3 hash of the request's idempotency key,
-- so that the same list sent again is the same bookings.
CREATE TABLE comps (
    event_id   BLOB    NOT NULL,
    batch      BLOB    NOT NULL CHECK (length(batch) = 32),
    position   INTEGER NOT NULL CHECK (position >= 0),
    booking_id BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    PRIMARY KEY (event_id, batch, position),
    UNIQUE (event_id, booking_id),
    FOREIGN KEY (event_id, booking_id) REFERENCES bookings ON UPDATE CASCADE
) WITHOUT ROWID;
