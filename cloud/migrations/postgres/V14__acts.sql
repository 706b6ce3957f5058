-- The table of SQLite's V36, which says what it is.
CREATE TABLE acts (
    organizer_id bytea  NOT NULL REFERENCES organizers,
    seq          bigint NOT NULL CHECK (seq > 0),
    line         text   NOT NULL,
    PRIMARY KEY (organizer_id, seq)
);
