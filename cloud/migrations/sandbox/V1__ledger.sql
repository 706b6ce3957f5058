-- The sandbox gateway's own record: what it has charged, given back, or promised never to charge.
-- It is apart from the store, as a real gateway's record is.

CREATE TABLE charges (
    reference  TEXT    PRIMARY KEY,
    state      TEXT    NOT NULL CHECK (state IN ('charged', 'refunded', 'void')),
    amount     INTEGER NOT NULL,
    currency   TEXT    NOT NULL,
    changed_at INTEGER NOT NULL
) WITHOUT ROWID;
