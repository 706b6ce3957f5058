-- The tables of SQLite's V37, which says what is in them.
CREATE TABLE availability (
    event_id bytea  PRIMARY KEY REFERENCES events,
    version  bigint NOT NULL CHECK (version > 0),
    snapshot bytea  NOT NULL
);

CREATE TABLE availability_changes (
    event_id     bytea  NOT NULL REFERENCES events,
    from_version bigint NOT NULL,
    to_version   bigint NOT NULL CHECK (to_version > from_version),
    changes      text   NOT NULL,
    PRIMARY KEY (event_id, from_version)
);
