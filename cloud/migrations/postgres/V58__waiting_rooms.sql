-- The tables of SQLite's V76, which says what is in them.
CREATE TABLE waiting_rooms (
    event_id      bytea    PRIMARY KEY REFERENCES events,
    opens_at      bigint   NOT NULL,
    per_minute    bigint   NOT NULL CHECK (per_minute >= 1),
    drawn         bigint   NOT NULL CHECK (drawn IN (0, 1)),
    beacon_source text     NOT NULL,
    sealed        bytea    NOT NULL,
    commitment    bytea    NOT NULL CHECK (length(commitment) = 32),
    registered    bigint   NOT NULL CHECK (registered >= 0),
    lobby         bigint   CHECK (lobby BETWEEN 0 AND registered),
    root          bytea    CHECK (length(root) = 32 AND (root IS NULL OR lobby IS NOT NULL)),
    seed          bytea    CHECK (length(seed) = 32 AND (seed IS NULL) = (beacon IS NULL)),
    beacon        text     CHECK (beacon IS NULL OR root IS NOT NULL),
    threshold     bigint   NOT NULL CHECK (threshold BETWEEN 0 AND registered),
    raised_at     bigint   NOT NULL,
    pace          bigint   NOT NULL CHECK (pace BETWEEN 1 AND 1000),
    holder        bytea    CHECK (length(holder) = 16),
    leased_until  bigint   CHECK ((leased_until IS NULL) = (holder IS NULL))
);

CREATE TABLE lobby_passes (
    event_id bytea  NOT NULL REFERENCES events,
    first    bigint NOT NULL,
    hashes   bytea  NOT NULL CHECK (length(hashes) > 0 AND length(hashes) % 32 = 0),
    PRIMARY KEY (event_id, first)
);

CREATE TABLE let_through (
    event_id       bytea  NOT NULL REFERENCES events,
    number         bigint NOT NULL,
    until          bigint NOT NULL,
    reservation_id bytea  CHECK (length(reservation_id) = 24),
    PRIMARY KEY (event_id, number)
);
CREATE INDEX let_through_until ON let_through (event_id, until);
