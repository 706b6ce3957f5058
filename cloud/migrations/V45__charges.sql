-- What of a tier's price is a service fee and a tax: included in it or added to it. fee is minor units for each ticket, tax is in hundredths of
-- a percent. A line of a reservation has its own share of both, fixed with its price.
ALTER TABLE tiers ADD COLUMN fee INTEGER NOT NULL DEFAULT 0 CHECK (fee >= 0);
ALTER TABLE tiers ADD COLUMN fee_added INTEGER NOT NULL DEFAULT 0 CHECK (fee_added IN (0, 1));
ALTER TABLE tiers ADD COLUMN tax INTEGER NOT NULL DEFAULT 0 CHECK (tax BETWEEN 0 AND 10000);
ALTER TABLE tiers ADD COLUMN tax_added INTEGER NOT NULL DEFAULT 0 CHECK (tax_added IN (0, 1));

-- How much of what was paid, and of what is given back, is fees and taxes.
ALTER TABLE bookings ADD COLUMN fees INTEGER NOT NULL DEFAULT 0 CHECK (fees >= 0);
ALTER TABLE bookings ADD COLUMN taxes INTEGER NOT NULL DEFAULT 0 CHECK (taxes >= 0);
ALTER TABLE refunds ADD COLUMN fees INTEGER NOT NULL DEFAULT 0 CHECK (fees >= 0);
ALTER TABLE refunds ADD COLUMN taxes INTEGER NOT NULL DEFAULT 0 CHECK (taxes >= 0);

-- Their steps: out of the sales that they are part of, and back with what is given back.
CREATE TABLE journal_anew (
    event_id       BLOB    NOT NULL REFERENCES events,
    subject        BLOB    NOT NULL CHECK (length(subject) = 24),
    step           TEXT    NOT NULL CHECK (step IN ('sold', 'not_sold', 'not_sold_given', 'taken_back', 'taken_back_given',
                                                    'given_outside', 'disputed', 'dispute_won', 'dispute_lost', 'fees_sold',
                                                    'taxes_sold', 'fees_taken_back', 'taxes_taken_back')),
    into_account   TEXT    NOT NULL CHECK (into_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed', 'fees', 'taxes')),
    out_of_account TEXT    NOT NULL CHECK (out_of_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed', 'fees', 'taxes')
                                           AND out_of_account <> into_account),
    amount         INTEGER NOT NULL CHECK (amount > 0),
    moved_at       INTEGER NOT NULL,
    PRIMARY KEY (event_id, subject, step)
) WITHOUT ROWID;
INSERT INTO journal_anew SELECT event_id, subject, step, into_account, out_of_account, amount, moved_at FROM journal;
DROP TABLE journal;
ALTER TABLE journal_anew RENAME TO journal;
