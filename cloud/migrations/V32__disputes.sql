-- Disputes: the bank of a buyer has taken the money of a charge back. name is what the gateway calls it; whatever state is heard first that
-- is not 'open' stands.
CREATE TABLE disputes (
    event_id         BLOB    NOT NULL REFERENCES events,
    dispute_id       BLOB    NOT NULL CHECK (length(dispute_id) = 24),
    charge_reference BLOB    NOT NULL CHECK (length(charge_reference) = 24),
    name             TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('open', 'won', 'lost')),
    amount           INTEGER NOT NULL CHECK (amount > 0),
    opened_at        INTEGER NOT NULL,
    closed_at        INTEGER,
    PRIMARY KEY (event_id, dispute_id),
    CHECK ((state = 'open') = (closed_at IS NULL))
) WITHOUT ROWID;
CREATE UNIQUE INDEX disputes_by_name ON disputes (event_id, name);
CREATE INDEX disputes_of_charge ON disputes (event_id, charge_reference);

-- Their steps: out of the gateway, and back or to the buyer. The subject is the dispute's id.
CREATE TABLE journal_anew (
    event_id       BLOB    NOT NULL REFERENCES events,
    subject        BLOB    NOT NULL CHECK (length(subject) = 24),
    step           TEXT    NOT NULL CHECK (step IN ('sold', 'not_sold', 'not_sold_given', 'taken_back', 'taken_back_given',
                                                    'given_outside', 'disputed', 'dispute_won', 'dispute_lost')),
    into_account   TEXT    NOT NULL CHECK (into_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed')),
    out_of_account TEXT    NOT NULL CHECK (out_of_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed')
                                           AND out_of_account <> into_account),
    amount         INTEGER NOT NULL CHECK (amount > 0),
    moved_at       INTEGER NOT NULL,
    PRIMARY KEY (event_id, subject, step)
) WITHOUT ROWID;
INSERT INTO journal_anew SELECT event_id, subject, step, into_account, out_of_account, amount, moved_at FROM journal;
DROP TABLE journal;
ALTER TABLE journal_anew RENAME TO journal;
