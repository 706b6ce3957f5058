-- Letters to all buyers of an event, or of one of its tiers: they are written some at a time, in the order of charge references, which begin
-- with the time. after_charge is how far that has come.
CREATE TABLE mailings (
    event_id     BLOB    NOT NULL REFERENCES events,
    mailing_id   BLOB    NOT NULL CHECK (length(mailing_id) = 24),
    kind         TEXT    NOT NULL,
    tier         INTEGER,
    subject      TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    after_charge BLOB    NOT NULL CHECK (length(after_charge) = 24),
    written      INTEGER NOT NULL CHECK (written >= 0),
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    PRIMARY KEY (event_id, mailing_id)
) WITHOUT ROWID;
