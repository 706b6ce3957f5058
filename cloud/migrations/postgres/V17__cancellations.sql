-- The table of SQLite's V33, which says what it is for.
CREATE TABLE cancellations (
    event_id    bytea  PRIMARY KEY REFERENCES events,
    canceled_at bigint NOT NULL,
    refunded_to bytea  NOT NULL CHECK (length(refunded_to) = 24),
    skipped     bigint NOT NULL CHECK (skipped >= 0),
    ended_at    bigint
);

ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CHECK (kind IN ('settle_booking', 'give_refund', 'refund_event'));
