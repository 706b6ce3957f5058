-- A payment may also wait for the buyer ('asked') or the bank ('processing'), and be declined for now.
CREATE TABLE charges_anew (
    reference  TEXT    PRIMARY KEY,
    state      TEXT    NOT NULL CHECK (state IN ('asked', 'processing', 'declined', 'charged', 'refunded', 'void')),
    amount     INTEGER NOT NULL,
    currency   TEXT    NOT NULL,
    changed_at INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO charges_anew SELECT reference, state, amount, currency, changed_at FROM charges;
DROP TABLE charges;
ALTER TABLE charges_anew RENAME TO charges;
