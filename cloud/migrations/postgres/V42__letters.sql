-- The table of SQLite's V58, which says what it is.
CREATE TABLE letters (
    event_id   bytea  NOT NULL REFERENCES events,
    letter_id  bytea  NOT NULL CHECK (length(letter_id) = 24),
    kind       text   NOT NULL,
    charge     bytea  CHECK (length(charge) = 24),
    about      bytea  CHECK (length(about) = 24),
    recipient  text,
    state      text   NOT NULL CHECK (state IN ('waiting', 'sent', 'given_up')),
    failures   bigint NOT NULL CHECK (failures >= 0),
    answer     text,
    created_at bigint NOT NULL,
    begun_at   bigint NOT NULL,
    next_at    bigint NOT NULL,
    PRIMARY KEY (event_id, letter_id)
);
CREATE INDEX letters_waiting ON letters (event_id, next_at) WHERE state = 'waiting';
CREATE INDEX letters_by_age ON letters (event_id, created_at);

ALTER TABLE jobs DROP CONSTRAINT IF EXISTS jobs_kind_check;
