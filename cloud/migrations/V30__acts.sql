-- What an organizer's people and keys have done, as lines of JSON, numbered from 1; each names the BLAKE3 hash of the line before, so that
-- none is altered or taken out unseen. Lines are only ever added.
CREATE TABLE acts (
    organizer_id BLOB    NOT NULL REFERENCES organizers,
    seq          INTEGER NOT NULL CHECK (seq > 0),
    line         TEXT    NOT NULL,
    PRIMARY KEY (organizer_id, seq)
) WITHOUT ROWID;
