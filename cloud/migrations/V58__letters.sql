-- Letters to buyers by mail: each is written with its cause where mail is set, and waits until a mail server has taken it. charge says
-- whose booking it is about, if any, also after that has got a new id; recipient is an address that is not the buyer's.
CREATE TABLE letters (
    event_id   BLOB    NOT NULL REFERENCES events,
    letter_id  BLOB    NOT NULL CHECK (length(letter_id) = 24),
    kind       TEXT    NOT NULL,
    charge     BLOB    CHECK (length(charge) = 24),
    about      BLOB    CHECK (length(about) = 24),
    recipient  TEXT,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'given_up')),
    failures   INTEGER NOT NULL CHECK (failures >= 0),
    answer     TEXT,
    created_at INTEGER NOT NULL,
    begun_at   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    PRIMARY KEY (event_id, letter_id)
) WITHOUT ROWID;
CREATE INDEX letters_waiting ON letters (event_id, next_at) WHERE state = 'waiting';
CREATE INDEX letters_by_age ON letters (event_id, created_at);

-- Which kinds of jobs there are is for the program to say: it reads no other.
CREATE TABLE jobs_anew (
    event_id BLOB    NOT NULL REFERENCES events,
    kind     TEXT    NOT NULL,
    subject  BLOB    NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    holder   BLOB    CHECK (length(holder) = 16),
    due_at   INTEGER NOT NULL,
    PRIMARY KEY (event_id, kind, subject)
) WITHOUT ROWID;
INSERT INTO jobs_anew SELECT event_id, kind, subject, failures, holder, due_at FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_anew RENAME TO jobs;
CREATE INDEX jobs_by_due ON jobs (due_at);
