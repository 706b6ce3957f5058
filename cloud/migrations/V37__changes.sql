-- Which seats of an event are free, as readers were last told, numbered by the second in which that was found to have changed; and what
-- changed from one number to the next. All processes tell the same: who comes first writes the next number, the others read it. Changes
-- are deleted some minutes later.
CREATE TABLE availability (
    event_id BLOB    PRIMARY KEY REFERENCES events,
    version  INTEGER NOT NULL CHECK (version > 0),
    snapshot BLOB    NOT NULL
) WITHOUT ROWID;

CREATE TABLE availability_changes (
    event_id     BLOB    NOT NULL REFERENCES events,
    from_version INTEGER NOT NULL,
    to_version   INTEGER NOT NULL CHECK (to_version > from_version),
    changes      TEXT    NOT NULL,
    PRIMARY KEY (event_id, from_version)
) WITHOUT ROWID;
