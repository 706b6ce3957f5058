-- What was given back of a charge, part by part.
CREATE TABLE charge_refunds (
    refund     TEXT    PRIMARY KEY,
    reference  TEXT    NOT NULL REFERENCES charges,
    amount     INTEGER NOT NULL CHECK (amount > 0),
    changed_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX refunds_of_charge ON charge_refunds (reference);
