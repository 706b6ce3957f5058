-- The waiting room of an event. Nobody is stored in a queue: registered is the number of the next pass, and threshold the rank of the
-- first one that still waits. lobby says how many came before the opening, root, seed and beacon how they are drawn.
CREATE TABLE waiting_rooms (
    event_id      BLOB    PRIMARY KEY REFERENCES events,
    opens_at      INTEGER NOT NULL,
    per_minute    INTEGER NOT NULL CHECK (per_minute >= 1),
    drawn         INTEGER NOT NULL CHECK (drawn IN (0, 1)),
    beacon_source TEXT    NOT NULL,
    sealed        BLOB    NOT NULL,
    commitment    BLOB    NOT NULL CHECK (length(commitment) = 32),
    registered    INTEGER NOT NULL CHECK (registered >= 0),
    lobby         INTEGER CHECK (lobby BETWEEN 0 AND registered),
    root          BLOB    CHECK (length(root) = 32 AND (root IS NULL OR lobby IS NOT NULL)),
    seed          BLOB    CHECK (length(seed) = 32 AND (seed IS NULL) = (beacon IS NULL)),
    beacon        TEXT    CHECK (beacon IS NULL OR root IS NOT NULL),
    threshold     INTEGER NOT NULL CHECK (threshold BETWEEN 0 AND registered),
    raised_at     INTEGER NOT NULL,
    pace          INTEGER NOT NULL CHECK (pace BETWEEN 1 AND 1000),
    holder        BLOB    CHECK (length(holder) = 16),
    leased_until  INTEGER CHECK ((leased_until IS NULL) = (holder IS NULL))
) WITHOUT ROWID;

-- SHA-256 of the id of each pass of a lobby that is drawn, many in a row, in the order of their numbers: what its root is made of.
CREATE TABLE lobby_passes (
    event_id BLOB    NOT NULL REFERENCES events,
    first    INTEGER NOT NULL,
    hashes   BLOB    NOT NULL CHECK (length(hashes) > 0 AND length(hashes) % 32 = 0),
    PRIMARY KEY (event_id, first)
) WITHOUT ROWID;

-- Whoever was let through, until when, and the last reservation that they made: one at a time.
CREATE TABLE let_through (
    event_id       BLOB    NOT NULL REFERENCES events,
    number         INTEGER NOT NULL,
    until          INTEGER NOT NULL,
    reservation_id BLOB    CHECK (length(reservation_id) = 24),
    PRIMARY KEY (event_id, number)
) WITHOUT ROWID;
CREATE INDEX let_through_until ON let_through (event_id, until);
