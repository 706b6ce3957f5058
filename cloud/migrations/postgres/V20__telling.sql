-- The tables of SQLite's V36, which says what they are.
CREATE TABLE endpoints (
    event_id      bytea  NOT NULL REFERENCES events,
    endpoint_id   bytea  NOT NULL CHECK (length(endpoint_id) = 24),
    url           text   NOT NULL,
    secret        bytea  NOT NULL,
    former_secret bytea,
    rotated_at    bigint,
    created_at    bigint NOT NULL,
    PRIMARY KEY (event_id, endpoint_id)
);

CREATE TABLE webhooks (
    event_id    bytea  NOT NULL,
    webhook_id  bytea  NOT NULL CHECK (length(webhook_id) = 24),
    endpoint_id bytea  NOT NULL,
    kind        text   NOT NULL,
    body        text   NOT NULL,
    state       text   NOT NULL CHECK (state IN ('waiting', 'taken', 'given_up')),
    failures    bigint NOT NULL CHECK (failures >= 0),
    answer      text,
    created_at  bigint NOT NULL,
    begun_at    bigint NOT NULL,
    next_at     bigint NOT NULL,
    PRIMARY KEY (event_id, webhook_id),
    FOREIGN KEY (event_id, endpoint_id) REFERENCES endpoints
);
CREATE INDEX webhooks_waiting ON webhooks (endpoint_id, event_id, next_at) WHERE state = 'waiting';
CREATE INDEX webhooks_of_endpoint ON webhooks (endpoint_id, event_id, created_at);

ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CHECK (kind IN ('settle_booking', 'give_refund', 'refund_event', 'tell_endpoint'));
