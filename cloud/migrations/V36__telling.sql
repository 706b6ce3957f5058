-- Programs of organizers that are told what happens at an event. Their secrets are sealed under the master key; the former one signs
-- for a day after rotated_at.
CREATE TABLE endpoints (
    event_id      BLOB    NOT NULL REFERENCES events,
    endpoint_id   BLOB    NOT NULL CHECK (length(endpoint_id) = 24),
    url           TEXT    NOT NULL,
    secret        BLOB    NOT NULL,
    former_secret BLOB,
    rotated_at    INTEGER,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (event_id, endpoint_id)
) WITHOUT ROWID;

-- What each of them is told: body is the JSON as it is sent. One that waits is due at next_at, and its endpoint has a job.
CREATE TABLE webhooks (
    event_id    BLOB    NOT NULL,
    webhook_id  BLOB    NOT NULL CHECK (length(webhook_id) = 24),
    endpoint_id BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'taken', 'given_up')),
    failures    INTEGER NOT NULL CHECK (failures >= 0),
    answer      TEXT,
    created_at  INTEGER NOT NULL,
    begun_at    INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    PRIMARY KEY (event_id, webhook_id),
    FOREIGN KEY (event_id, endpoint_id) REFERENCES endpoints
) WITHOUT ROWID;
CREATE INDEX webhooks_waiting ON webhooks (endpoint_id, event_id, next_at) WHERE state = 'waiting';
CREATE INDEX webhooks_of_endpoint ON webhooks (endpoint_id, event_id, created_at);

-- The subject of tell_endpoint is the endpoint's id.
CREATE TABLE jobs_anew (
    event_id BLOB    NOT NULL REFERENCES events,
    kind     TEXT    NOT NULL CHECK (kind IN ('settle_booking', 'give_refund', 'refund_event', 'tell_endpoint')),
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
