-- What the cloud sells and has sold, and what it knows as the authority of events: the tables of the SQLite migrations up to
-- V19, which say what is in them. Numbers are bigint, moments are milliseconds since the Unix epoch.

CREATE TABLE organizers (
    organizer_id bytea PRIMARY KEY,
    name         text    NOT NULL,
    created_at   bigint NOT NULL
);

CREATE TABLE organizer_keys (
    key_hash     bytea    PRIMARY KEY CHECK (length(key_hash) = 32),
    organizer_id bytea    NOT NULL REFERENCES organizers,
    created_at   bigint NOT NULL
);

CREATE TABLE venues (
    venue_id     bytea PRIMARY KEY,
    organizer_id bytea    NOT NULL REFERENCES organizers,
    name         text    NOT NULL,
    city         text    NOT NULL,
    address      text    NOT NULL,
    created_at   bigint NOT NULL
);

CREATE INDEX venues_of_organizer ON venues (organizer_id, venue_id);

CREATE TABLE events (
    event_id       bytea PRIMARY KEY CHECK (length(event_id) = 16),
    organizer_id   bytea    NOT NULL REFERENCES organizers,
    venue_id       bytea    NOT NULL REFERENCES venues,
    venue_name     text    NOT NULL,
    city           text    NOT NULL,
    city_key       text    NOT NULL,
    name           text    NOT NULL,
    description    text    NOT NULL,
    search_text    text    NOT NULL,
    starts_at      bigint NOT NULL,
    ends_at        bigint NOT NULL,
    status         text    NOT NULL CHECK (status IN ('draft', 'published')),
    currency       text    NOT NULL CHECK (length(currency) = 3),
    reservation_ms bigint NOT NULL CHECK (reservation_ms > 0),
    policy         text    NOT NULL,
    unit_count     bigint NOT NULL,
    seat_count     bigint NOT NULL CHECK (seat_count <= unit_count),
    created_at     bigint NOT NULL,
    published_at   bigint,
    CHECK (starts_at < ends_at),
    CHECK ((status = 'published') = (published_at IS NOT NULL))
);

CREATE INDEX events_on_sale ON events (status, starts_at, event_id);

CREATE INDEX events_of_organizer ON events (organizer_id, event_id);

CREATE TABLE tiers (
    event_id bytea    NOT NULL REFERENCES events,
    tier     bigint NOT NULL,
    name     text    NOT NULL,
    price    bigint NOT NULL CHECK (price >= 0),
    admits   bigint NOT NULL CHECK (admits BETWEEN 1 AND 255),
    flags    bigint NOT NULL,
    PRIMARY KEY (event_id, tier)
);

CREATE TABLE units (
    event_id       bytea    NOT NULL,
    unit           bigint NOT NULL CHECK (unit >= 0),
    tier           bigint NOT NULL,
    section        text,
    row            text,
    number         text,
    state          text    NOT NULL DEFAULT 'available' CHECK (state IN ('available', 'held', 'paying', 'booked')),
    reservation_id bytea,
    held_until     bigint,
    issued         bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (event_id, unit),
    FOREIGN KEY (event_id, tier) REFERENCES tiers,
    CHECK ((state = 'available') = (reservation_id IS NULL)),
    CHECK ((state = 'held') = (held_until IS NOT NULL)),
    CHECK ((section IS NULL) = (row IS NULL) AND (row IS NULL) = (number IS NULL))
);

CREATE INDEX units_by_tier ON units (event_id, tier, state, held_until);

CREATE TABLE reservations (
    event_id       bytea    NOT NULL REFERENCES events,
    reservation_id bytea    NOT NULL CHECK (length(reservation_id) = 24),
    state          text    NOT NULL CHECK (state IN ('held', 'paying', 'booked', 'released')),
    lines          text    NOT NULL,
    amount         bigint NOT NULL CHECK (amount >= 0),
    created_at     bigint NOT NULL,
    expires_at     bigint NOT NULL, claimant_address bytea CHECK (length(claimant_address) IN (4, 8)), claimant_session bytea CHECK (length(claimant_session) = 16),
    PRIMARY KEY (event_id, reservation_id)
);

CREATE INDEX held_by_address ON reservations (claimant_address, expires_at) WHERE state = 'held';

CREATE INDEX held_by_session ON reservations (claimant_session, expires_at) WHERE state = 'held';

CREATE INDEX reservations_unbooked ON reservations (event_id, expires_at) WHERE state IN ('held', 'released');

CREATE TABLE bookings (
    event_id         bytea    NOT NULL,
    booking_id       bytea    NOT NULL CHECK (length(booking_id) = 24),
    former_id        bytea    CHECK (length(former_id) = 24),
    charge_reference bytea    NOT NULL CHECK (length(charge_reference) = 24),
    reservation_id   bytea    NOT NULL,
    idempotency_key  text    NOT NULL,
    request_hash     bytea    NOT NULL CHECK (length(request_hash) = 32),
    state            text    NOT NULL CHECK (state IN ('paying', 'confirmed', 'declined', 'refunded', 'abandoned')),
    decline          text,
    email            text    NOT NULL,
    amount           bigint NOT NULL CHECK (amount >= 0),
    created_at       bigint NOT NULL,
    closed_at        bigint,
    PRIMARY KEY (event_id, booking_id),
    FOREIGN KEY (event_id, reservation_id) REFERENCES reservations,
    CHECK ((state = 'paying') = (closed_at IS NULL)),
    CHECK ((state = 'declined') = (decline IS NOT NULL)),
    CHECK (state <> 'paying' OR former_id IS NULL)
);

CREATE UNIQUE INDEX bookings_by_key ON bookings (event_id, idempotency_key) WHERE state <> 'abandoned';

CREATE UNIQUE INDEX one_live_booking_of_reservation ON bookings (event_id, reservation_id) WHERE state IN ('paying', 'confirmed');

CREATE INDEX bookings_paying ON bookings (event_id, booking_id) WHERE state = 'paying';

CREATE UNIQUE INDEX bookings_by_former_id ON bookings (event_id, former_id) WHERE former_id IS NOT NULL;

CREATE UNIQUE INDEX bookings_by_charge ON bookings (event_id, charge_reference);

CREATE INDEX bookings_of_reservation ON bookings (event_id, reservation_id);

CREATE TABLE tickets (
    event_id    bytea    NOT NULL,
    ticket_id   bytea    NOT NULL CHECK (length(ticket_id) = 24),
    unit        bigint NOT NULL,
    generation  bigint NOT NULL CHECK (generation >= 1),
    booking_id  bytea,
    state       text    NOT NULL CHECK (state IN ('valid', 'superseded', 'revoked')),
    transferred bigint NOT NULL DEFAULT 0 CHECK (transferred = 0 OR (transferred = 1 AND state = 'superseded')),
    payload     text    NOT NULL,
    issued_at   bigint NOT NULL, code bigint CHECK (code >= 0 AND code < 34359738349),
    PRIMARY KEY (event_id, ticket_id),
    UNIQUE (event_id, unit, generation),
    FOREIGN KEY (event_id, booking_id) REFERENCES bookings ON UPDATE CASCADE,
    FOREIGN KEY (event_id, unit) REFERENCES units
);

CREATE UNIQUE INDEX one_valid_ticket_of_unit ON tickets (event_id, unit) WHERE state = 'valid';

CREATE INDEX tickets_of_booking ON tickets (event_id, booking_id);

CREATE UNIQUE INDEX tickets_by_code ON tickets (event_id, code);

CREATE TABLE records (
    event_id bytea    NOT NULL REFERENCES events,
    position bigint NOT NULL CHECK (position > 0),
    origin   bytea    NOT NULL CHECK (length(origin) = 32),
    seq      bigint NOT NULL CHECK (seq > 0),
    hash     bytea    NOT NULL CHECK (length(hash) = 32),
    bytes    bytea    NOT NULL,
    worth    bigint NOT NULL CHECK (worth IN (0, 1, 2)),
    PRIMARY KEY (event_id, position),
    UNIQUE (event_id, origin, seq)
);

CREATE TABLE heads (
    event_id  bytea    NOT NULL,
    origin    bytea    NOT NULL,
    seq       bigint NOT NULL,
    hash      bytea    NOT NULL CHECK (length(hash) = 32),
    signature bytea    NOT NULL CHECK (length(signature) = 64),
    log_bytes bigint NOT NULL,
    PRIMARY KEY (event_id, origin, seq)
);

CREATE TABLE trust_bundles (
    event_id  bytea    NOT NULL REFERENCES events,
    version   bigint NOT NULL,
    roots     bytea    NOT NULL,
    signed    bytea    NOT NULL,
    stored_at bigint NOT NULL,
    PRIMARY KEY (event_id, version)
);

CREATE TABLE checkpoints (
    event_id     bytea    PRIMARY KEY REFERENCES events,
    record_count bigint NOT NULL,
    signed       bytea    NOT NULL,
    made_at      bigint NOT NULL
);

CREATE TABLE enrolment_codes (
    code_id           bytea    PRIMARY KEY CHECK (length(code_id) = 32),
    event_id          bytea    NOT NULL REFERENCES events,
    code_key          bytea    NOT NULL CHECK (length(code_key) = 32),
    role              text    NOT NULL CHECK (role IN ('hub', 'scanner')),
    name              text    NOT NULL,
    gates             text    NOT NULL,
    enrol_scanners    bigint NOT NULL,
    override_refusals bigint NOT NULL,
    certificate_ms    bigint NOT NULL CHECK (certificate_ms > 0),
    created_at        bigint NOT NULL,
    expires_at        bigint NOT NULL,
    used_by           bytea,
    used_at           bigint,
    certificate       bytea,
    CHECK ((used_by IS NULL) = (used_at IS NULL) AND (used_by IS NULL) = (certificate IS NULL))
);

CREATE INDEX enrolment_codes_by_event ON enrolment_codes (event_id);

CREATE TABLE device_contacts (
    event_id       bytea  NOT NULL REFERENCES events,
    device         bytea  NOT NULL CHECK (length(device) = 32),
    seen_at        bigint NOT NULL,
    record_count   bigint NOT NULL,
    clock_ahead_ms bigint NOT NULL,
    linked_to      bytea  CHECK (length(linked_to) = 16),
    linked_until   bigint,
    PRIMARY KEY (event_id, device),
    CHECK ((linked_to IS NULL) = (linked_until IS NULL))
);

CREATE TABLE seals (
    event_id bytea PRIMARY KEY REFERENCES events,
    terms    bytea NOT NULL CHECK (length(terms) = 32),
    layout   bytea CHECK (length(layout) = 32)
);

CREATE TABLE feeds (
    event_id bytea    PRIMARY KEY REFERENCES events,
    version  bigint NOT NULL CHECK (version > 0)
);

CREATE TABLE jobs (
    event_id bytea  NOT NULL REFERENCES events,
    kind     text   NOT NULL CHECK (kind IN ('settle_booking')),
    subject  bytea  NOT NULL,
    failures bigint NOT NULL CHECK (failures >= 0),
    holder   bytea  CHECK (length(holder) = 16),
    due_at   bigint NOT NULL,
    PRIMARY KEY (event_id, kind, subject)
);

CREATE INDEX jobs_by_due ON jobs (due_at);

CREATE TABLE secret_keys (
    public_key bytea  PRIMARY KEY CHECK (length(public_key) = 32),
    event_id   bytea  REFERENCES events,
    purpose    text   NOT NULL CHECK (purpose IN ('link', 'ticket', 'authority', 'issuing')),
    sealed     bytea  NOT NULL,
    hash       bytea  NOT NULL CHECK (length(hash) = 32),
    made_at    bigint NOT NULL,
    CHECK ((purpose = 'link') = (event_id IS NULL))
);

CREATE INDEX secret_keys_of_event ON secret_keys (event_id);
CREATE UNIQUE INDEX one_link_key ON secret_keys (purpose) WHERE purpose = 'link';

-- The record of the sandbox gateway, which moves no money.
CREATE TABLE charges (
    reference  text   PRIMARY KEY,
    state      text   NOT NULL CHECK (state IN ('charged', 'refunded', 'void')),
    amount     bigint NOT NULL,
    currency   text   NOT NULL,
    changed_at bigint NOT NULL
);

-- Counts the commits of each connection that writes: whoever lost the answer to a COMMIT learns here what became of it.
CREATE TABLE writers (
    writer_id bytea PRIMARY KEY CHECK (length(writer_id) = 16),
    commits   bigint NOT NULL
);
