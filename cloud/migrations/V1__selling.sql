-- What the cloud sells and has sold. The event comes first in every key; times are milliseconds since the Unix epoch;
-- amounts are minor units of the event's currency. Ids are random or time-ordered: no sequence carries order.

CREATE TABLE organizers (
    organizer_id BLOB PRIMARY KEY,
    name         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL
) WITHOUT ROWID;

-- API keys are kept as the BLAKE3 hash of their text; the text itself is shown once and never stored.
CREATE TABLE organizer_keys (
    key_hash     BLOB    PRIMARY KEY CHECK (length(key_hash) = 32),
    organizer_id BLOB    NOT NULL REFERENCES organizers,
    created_at   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE venues (
    venue_id     BLOB PRIMARY KEY,
    organizer_id BLOB    NOT NULL REFERENCES organizers,
    name         TEXT    NOT NULL,
    city         TEXT    NOT NULL,
    address      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX venues_of_organizer ON venues (organizer_id, venue_id);

-- unit_count and seat_count are what the event was created with: units 0..seat_count are seats, the rest are slots of
-- general admission. A draft whose units are not all there cannot be published.
CREATE TABLE events (
    event_id       BLOB PRIMARY KEY CHECK (length(event_id) = 16),
    organizer_id   BLOB    NOT NULL REFERENCES organizers,
    venue_id       BLOB    NOT NULL REFERENCES venues,
    venue_name     TEXT    NOT NULL,
    city           TEXT    NOT NULL,
    city_key       TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    search_text    TEXT    NOT NULL,
    starts_at      INTEGER NOT NULL,
    ends_at        INTEGER NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('draft', 'published')),
    currency       TEXT    NOT NULL CHECK (length(currency) = 3),
    reservation_ms INTEGER NOT NULL CHECK (reservation_ms > 0),
    policy         TEXT    NOT NULL,
    unit_count     INTEGER NOT NULL,
    seat_count     INTEGER NOT NULL CHECK (seat_count <= unit_count),
    created_at     INTEGER NOT NULL,
    published_at   INTEGER,
    CHECK (starts_at < ends_at),
    CHECK ((status = 'published') = (published_at IS NOT NULL))
) WITHOUT ROWID;

CREATE INDEX events_on_sale ON events (status, starts_at, event_id);
CREATE INDEX events_of_organizer ON events (organizer_id, event_id);

CREATE TABLE tiers (
    event_id BLOB    NOT NULL REFERENCES events,
    tier     INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    price    INTEGER NOT NULL CHECK (price >= 0),
    admits   INTEGER NOT NULL CHECK (admits BETWEEN 1 AND 255),
    flags    INTEGER NOT NULL,
    PRIMARY KEY (event_id, tier)
) WITHOUT ROWID;

-- One row for each sellable place. A held unit whose held_until has passed is free, whatever its state says.
-- issued counts the tickets ever issued for the unit: the newest one has that generation.
CREATE TABLE units (
    event_id       BLOB    NOT NULL,
    unit           INTEGER NOT NULL CHECK (unit >= 0),
    tier           INTEGER NOT NULL,
    section        TEXT,
    row            TEXT,
    number         TEXT,
    state          TEXT    NOT NULL DEFAULT 'available' CHECK (state IN ('available', 'held', 'paying', 'booked')),
    reservation_id BLOB,
    held_until     INTEGER,
    issued         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (event_id, unit),
    FOREIGN KEY (event_id, tier) REFERENCES tiers,
    CHECK ((state = 'available') = (reservation_id IS NULL)),
    CHECK ((state = 'held') = (held_until IS NOT NULL)),
    CHECK ((section IS NULL) = (row IS NULL) AND (row IS NULL) = (number IS NULL))
) WITHOUT ROWID;

CREATE INDEX units_by_tier ON units (event_id, tier, state, held_until);

-- lines: JSON array of {unit, tier, price}, fixed when the reservation is made. That a held reservation has expired
-- follows from expires_at and is never written down.
CREATE TABLE reservations (
    event_id       BLOB    NOT NULL REFERENCES events,
    reservation_id BLOB    NOT NULL CHECK (length(reservation_id) = 24),
    state          TEXT    NOT NULL CHECK (state IN ('held', 'paying', 'booked', 'released')),
    lines          TEXT    NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount >= 0),
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    PRIMARY KEY (event_id, reservation_id)
) WITHOUT ROWID;

-- A booking begins as 'paying', before the gateway is asked, and ends in exactly one of the other states.
-- The booking id is the gateway's reference, so that a charge can be found again after a crash.
CREATE TABLE bookings (
    event_id        BLOB    NOT NULL,
    booking_id      BLOB    NOT NULL CHECK (length(booking_id) = 24),
    reservation_id  BLOB    NOT NULL,
    idempotency_key TEXT    NOT NULL,
    request_hash    BLOB    NOT NULL CHECK (length(request_hash) = 32),
    state           TEXT    NOT NULL CHECK (state IN ('paying', 'confirmed', 'declined', 'refunded', 'abandoned')),
    decline         TEXT,
    email           TEXT    NOT NULL,
    amount          INTEGER NOT NULL CHECK (amount >= 0),
    created_at      INTEGER NOT NULL,
    closed_at       INTEGER,
    PRIMARY KEY (event_id, booking_id),
    FOREIGN KEY (event_id, reservation_id) REFERENCES reservations,
    CHECK ((state = 'paying') = (closed_at IS NULL)),
    CHECK ((state = 'declined') = (decline IS NOT NULL))
) WITHOUT ROWID;

-- An abandoned booking (a crash before the charge) gives its key back.
CREATE UNIQUE INDEX bookings_by_key ON bookings (event_id, idempotency_key) WHERE state <> 'abandoned';
CREATE UNIQUE INDEX one_live_booking_of_reservation ON bookings (event_id, reservation_id) WHERE state IN ('paying', 'confirmed');
CREATE INDEX bookings_paying ON bookings (event_id, booking_id) WHERE state = 'paying';

-- The last line of defence for "no unit is in two bookings": a unit has at most one ticket of each generation.
CREATE TABLE tickets (
    event_id   BLOB    NOT NULL,
    ticket_id  BLOB    NOT NULL CHECK (length(ticket_id) = 24),
    unit       INTEGER NOT NULL,
    generation INTEGER NOT NULL CHECK (generation >= 1),
    booking_id BLOB    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('valid', 'superseded', 'revoked')),
    payload    TEXT    NOT NULL,
    issued_at  INTEGER NOT NULL,
    PRIMARY KEY (event_id, ticket_id),
    UNIQUE (event_id, unit, generation),
    FOREIGN KEY (event_id, booking_id) REFERENCES bookings,
    FOREIGN KEY (event_id, unit) REFERENCES units
) WITHOUT ROWID;

CREATE UNIQUE INDEX one_valid_ticket_of_unit ON tickets (event_id, unit) WHERE state = 'valid';
CREATE INDEX tickets_of_booking ON tickets (event_id, booking_id);
