-- The tables and columns of SQLite's V32, which says what they are for.
CREATE TABLE disputes (
    event_id         bytea  NOT NULL REFERENCES events,
    dispute_id       bytea  NOT NULL CHECK (length(dispute_id) = 24),
    charge_reference bytea  NOT NULL CHECK (length(charge_reference) = 24),
    name             text   NOT NULL,
    state            text   NOT NULL CHECK (state IN ('open', 'won', 'lost')),
    amount           bigint NOT NULL CHECK (amount > 0),
    opened_at        bigint NOT NULL,
    closed_at        bigint,
    PRIMARY KEY (event_id, dispute_id),
    CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX disputes_by_name ON disputes (name, event_id);
CREATE INDEX disputes_of_charge ON disputes (charge_reference, event_id);

ALTER TABLE journal DROP CONSTRAINT journal_step_check;
ALTER TABLE journal ADD CONSTRAINT journal_step_check CHECK (step IN ('sold', 'not_sold', 'not_sold_given', 'taken_back',
    'taken_back_given', 'given_outside', 'disputed', 'dispute_won', 'dispute_lost'));
ALTER TABLE journal DROP CONSTRAINT journal_into_account_check;
ALTER TABLE journal ADD CONSTRAINT journal_into_account_check
    CHECK (into_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed'));
ALTER TABLE journal DROP CONSTRAINT journal_check;
ALTER TABLE journal ADD CONSTRAINT journal_check
    CHECK (out_of_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed') AND out_of_account <> into_account);
