-- Money of a refund that the gateway has refused for good, and that a person has given by another way: 'given_outside', out of the account
-- 'outside'.
CREATE TABLE refunds_anew (
    event_id        BLOB    NOT NULL,
    refund_id       BLOB    NOT NULL CHECK (length(refund_id) = 24),
    booking_id      BLOB    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('revoking', 'giving', 'given', 'refused', 'given_outside')),
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
INSERT INTO refunds_anew
SELECT event_id, refund_id, booking_id, state, amount, frees_units, attempt, idempotency_key, request_hash, created_at, closed_at
FROM refunds;
DROP TABLE refunds;
ALTER TABLE refunds_anew RENAME TO refunds;
CREATE UNIQUE INDEX refunds_by_key ON refunds (event_id, idempotency_key);
CREATE UNIQUE INDEX one_open_refund_of_booking ON refunds (event_id, booking_id) WHERE closed_at IS NULL;
CREATE INDEX refunds_of_booking ON refunds (event_id, booking_id);

CREATE TABLE journal_anew (
    event_id       BLOB    NOT NULL REFERENCES events,
    subject        BLOB    NOT NULL CHECK (length(subject) = 24),
    step           TEXT    NOT NULL CHECK (step IN ('sold', 'not_sold', 'not_sold_given', 'taken_back', 'taken_back_given',
                                                    'given_outside')),
    into_account   TEXT    NOT NULL CHECK (into_account IN ('gateway', 'sales', 'owed', 'outside')),
    out_of_account TEXT    NOT NULL CHECK (out_of_account IN ('gateway', 'sales', 'owed', 'outside')
                                           AND out_of_account <> into_account),
    amount         INTEGER NOT NULL CHECK (amount > 0),
    moved_at       INTEGER NOT NULL,
    PRIMARY KEY (event_id, subject, step)
) WITHOUT ROWID;
INSERT INTO journal_anew SELECT event_id, subject, step, into_account, out_of_account, amount, moved_at FROM journal;
DROP TABLE journal;
ALTER TABLE journal_anew RENAME TO journal;
