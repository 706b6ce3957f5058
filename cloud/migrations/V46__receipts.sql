-- Receipts of what was paid, and their annulments by what was given back, each with the next number of its organizer: taken in the transaction
-- that issues it, so that no number is left out. A series is the name of the cell that numbers it, or '' at home: no transaction spans two.
CREATE TABLE receipt_series (
    organizer_id BLOB    NOT NULL,
    series       TEXT    NOT NULL,
    last         INTEGER NOT NULL CHECK (last > 0),
    PRIMARY KEY (organizer_id, series)
) WITHOUT ROWID;

-- receipt_id is the charge reference of the booking, or of one that annuls the refund's id; annuls is the receipt that it annuls.
CREATE TABLE receipts (
    event_id     BLOB    NOT NULL REFERENCES events,
    receipt_id   BLOB    NOT NULL CHECK (length(receipt_id) = 24),
    organizer_id BLOB    NOT NULL,
    series       TEXT    NOT NULL,
    number       INTEGER NOT NULL CHECK (number > 0),
    annuls       BLOB    CHECK (length(annuls) = 24),
    amount       INTEGER NOT NULL CHECK (amount > 0),
    fees         INTEGER NOT NULL CHECK (fees >= 0),
    taxes        INTEGER NOT NULL CHECK (taxes >= 0),
    issued_at    INTEGER NOT NULL,
    PRIMARY KEY (event_id, receipt_id),
    UNIQUE (organizer_id, series, number)
) WITHOUT ROWID;
