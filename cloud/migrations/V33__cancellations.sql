-- Events that their organizer has canceled, and how far the refunds have come: bookings up to the id refunded_to have theirs, except the
-- skipped ones, of which another refund was on its way; once ended_at is there, all have.
CREATE TABLE cancellations (
    event_id    BLOB    PRIMARY KEY REFERENCES events,
    canceled_at INTEGER NOT NULL,
    refunded_to BLOB    NOT NULL CHECK (length(refunded_to) = 24),
    skipped     INTEGER NOT NULL CHECK (skipped >= 0),
    ended_at    INTEGER
) WITHOUT ROWID;

-- The subject of refund_event is 24 zero bytes: there is one for each event.
CREATE TABLE jobs_anew (
    event_id BLOB    NOT NULL REFERENCES events,
    kind     TEXT    NOT NULL CHECK (kind IN ('settle_booking', 'give_refund', 'refund_event')),
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
