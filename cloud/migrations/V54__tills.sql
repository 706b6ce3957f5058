-- Sales that no payment service hears of: at a counter, in cash or by a card terminal, each counted in the till it was made at; and bookings that
-- await a bank transfer. taken says how; without it, gateway has the payment. name is the buyer's, where it is known.
ALTER TABLE bookings ADD COLUMN taken TEXT CHECK (taken IN ('cash', 'card_terminal', 'invoice'));
ALTER TABLE bookings ADD COLUMN till_id BLOB CHECK (length(till_id) = 24);
ALTER TABLE bookings ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN till_id BLOB CHECK (length(till_id) = 24);
CREATE INDEX bookings_of_till ON bookings (event_id, till_id) WHERE till_id IS NOT NULL;
CREATE INDEX refunds_of_till ON refunds (event_id, till_id) WHERE till_id IS NOT NULL;
CREATE INDEX bookings_by_name ON bookings (event_id, lower(name)) WHERE name <> '';

-- A till of an event: whose it is (the id of a key or of a member of staff), what was in it, and what was counted when it was closed beside what
-- should have been in it. Amounts are minor units.
CREATE TABLE tills (
    event_id    BLOB    NOT NULL REFERENCES events,
    till_id     BLOB    NOT NULL CHECK (length(till_id) = 24),
    name        TEXT    NOT NULL,
    opened_by   TEXT    NOT NULL,
    opened_with INTEGER NOT NULL CHECK (opened_with >= 0),
    opened_at   INTEGER NOT NULL,
    counted     INTEGER CHECK (counted >= 0),
    expected    INTEGER,
    closed_at   INTEGER,
    PRIMARY KEY (event_id, till_id),
    CHECK ((closed_at IS NULL) = (counted IS NULL) AND (closed_at IS NULL) = (expected IS NULL))
) WITHOUT ROWID;

-- For how many days a booking awaits a bank transfer; none is taken where it is not said. order_max is how many units of all tiers together one
-- order may have.
ALTER TABLE events ADD COLUMN invoice_days INTEGER CHECK (invoice_days BETWEEN 1 AND 60);
ALTER TABLE events ADD COLUMN order_max INTEGER CHECK (order_max > 0);
UPDATE seals SET sale = NULL;

-- Where money is that is at no gateway: in tills, with whoever runs the card terminal, at the organizer's bank.
CREATE TABLE journal_anew (
    event_id       BLOB    NOT NULL REFERENCES events,
    subject        BLOB    NOT NULL CHECK (length(subject) = 24),
    step           TEXT    NOT NULL CHECK (step IN ('sold', 'not_sold', 'not_sold_given', 'taken_back', 'taken_back_given',
                                                    'given_outside', 'disputed', 'dispute_won', 'dispute_lost', 'fees_sold',
                                                    'taxes_sold', 'fees_taken_back', 'taxes_taken_back')),
    into_account   TEXT    NOT NULL CHECK (into_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed', 'fees', 'taxes',
                                                            'till', 'terminal', 'bank')),
    out_of_account TEXT    NOT NULL CHECK (out_of_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed', 'fees', 'taxes',
                                                              'till', 'terminal', 'bank')
                                           AND out_of_account <> into_account),
    amount         INTEGER NOT NULL CHECK (amount > 0),
    moved_at       INTEGER NOT NULL,
    PRIMARY KEY (event_id, subject, step)
) WITHOUT ROWID;
INSERT INTO journal_anew SELECT event_id, subject, step, into_account, out_of_account, amount, moved_at FROM journal;
DROP TABLE journal;
ALTER TABLE journal_anew RENAME TO journal;
