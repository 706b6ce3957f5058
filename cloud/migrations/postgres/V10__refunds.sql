-- The tables and columns of SQLite's V26, which says what they are for.
CREATE TABLE refunds (
    event_id        bytea  NOT NULL,
    refund_id       bytea  NOT NULL CHECK (length(refund_id) = 24),
    booking_id      bytea  NOT NULL,
    state           text   NOT NULL CHECK (state IN ('revoking', 'giving', 'given', 'refused')),
    amount          bigint NOT NULL CHECK (amount >= 0),
    frees_units     bigint NOT NULL CHECK (frees_units IN (0, 1)),
    attempt         bigint NOT NULL CHECK (attempt > 0),
    idempotency_key text   NOT NULL,
    request_hash    bytea  NOT NULL CHECK (length(request_hash) = 32),
    created_at      bigint NOT NULL,
    closed_at       bigint,
    PRIMARY KEY (event_id, refund_id),
    FOREIGN KEY (event_id, booking_id) REFERENCES bookings ON UPDATE CASCADE,
    CHECK ((state IN ('revoking', 'giving')) = (closed_at IS NULL))
);

CREATE UNIQUE INDEX refunds_by_key ON refunds (idempotency_key, event_id);
CREATE UNIQUE INDEX one_open_refund_of_booking ON refunds (booking_id, event_id) WHERE closed_at IS NULL;
CREATE INDEX refunds_of_booking ON refunds (booking_id, event_id);

ALTER TABLE tickets ADD COLUMN refund_id bytea CHECK (length(refund_id) = 24);
CREATE INDEX tickets_of_refund ON tickets (refund_id, event_id) WHERE refund_id IS NOT NULL;

ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CHECK (kind IN ('settle_booking', 'give_refund'));

-- The record of the sandbox gateway: what it has given back of a charge, part by part.
CREATE TABLE charge_refunds (
    refund     text   PRIMARY KEY,
    reference  text   NOT NULL REFERENCES charges,
    amount     bigint NOT NULL CHECK (amount > 0),
    changed_at bigint NOT NULL
);
CREATE INDEX refunds_of_charge ON charge_refunds (reference);
