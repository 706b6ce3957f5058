-- What outlives a request: each row is written in the transaction of its cause, and deleted in that of its end. holder is the
-- server process that works on it, and due_at when anybody may take it: the end of the holder's lease, or of a pause after
-- a failure. subject is what the job is about: of settle_booking the booking's id.
CREATE TABLE jobs (
    event_id BLOB    NOT NULL REFERENCES events,
    kind     TEXT    NOT NULL CHECK (kind IN ('settle_booking')),
    subject  BLOB    NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    holder   BLOB    CHECK (length(holder) = 16),
    due_at   INTEGER NOT NULL,
    PRIMARY KEY (event_id, kind, subject)
) WITHOUT ROWID;

CREATE INDEX jobs_by_due ON jobs (due_at);

-- What was open when the table came.
INSERT INTO jobs (event_id, kind, subject, failures, holder, due_at)
SELECT event_id, 'settle_booking', booking_id, 0, NULL, created_at FROM bookings WHERE state = 'paying';
