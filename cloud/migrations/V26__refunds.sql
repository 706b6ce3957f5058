-- Money that is given back after the sale: each refund with the tickets it takes back, which are revoked first. 'revoking' and 'giving'
-- are on their way and have a job; 'refused' waits for a person. attempt counts how often a person had it tried.
CREATE TABLE refunds (
    event_id        BLOB    NOT NULL,
    refund_id       BLOB    NOT NULL CHECK (length(refund_id) = 24),
    booking_id      BLOB    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('revoking', 'giving', 'given', 'refused')),
    amount          INTEGER NOT NULL CHECK (amount >= 0),
    frees_units     INTEGER NOT NULL CHECK (frees_units IN (0, 1)),
    attempt         INTEGER NOT NULL CHECK (attempt > 0),
    idempotency_key TEXT    NOT NULL,
    request_hash    BLOB    NOT NULL CHECK (length(request_hash) = 32),
    created_at      INTEGER NOT NULL,
    closed_at       INTEGER,
    PRIMARY KEY (event_id, refund_id),
    FOREIGN KEY (event_id, booking_id) REFERENCES bookings ON UPDATE CASCADE,
    CHECK ((state IN ('revoking', 'giving')) = (closed_at IS NULL))
) WITHOUT ROWID;

CREATE UNIQUE INDEX refunds_by_key ON refunds (event_id, idempotency_key);
CREATE UNIQUE INDEX one_open_refund_of_booking ON refunds (event_id, booking_id) WHERE closed_at IS NULL;
CREATE INDEX refunds_of_booking ON refunds (event_id, booking_id);

-- The refund that has taken a ticket back, which is never valid again.
ALTER TABLE tickets ADD COLUMN refund_id BLOB CHECK (length(refund_id) = 24);
CREATE INDEX tickets_of_refund ON tickets (event_id, refund_id) WHERE refund_id IS NOT NULL;

-- The subject of give_refund is the refund's id.
CREATE TABLE jobs_anew (
    event_id BLOB    NOT NULL REFERENCES events,
    kind     TEXT    NOT NULL CHECK (kind IN ('settle_booking', 'give_refund')),
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
