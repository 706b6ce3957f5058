-- The table of SQLite's V69, which says what is in it.
CREATE TABLE mailing_tries (
    organizer_id bytea  NOT NULL REFERENCES organizers,
    tried_at     bigint NOT NULL,
    try_id       bytea  NOT NULL CHECK (length(try_id) = 16),
    PRIMARY KEY (organizer_id, tried_at, try_id)
);
