-- The tables of SQLite's V46, which says what is in them.
CREATE TABLE receipt_series (
    organizer_id bytea  NOT NULL,
    series       text   NOT NULL,
    last         bigint NOT NULL CHECK (last > 0),
    PRIMARY KEY (organizer_id, series)
);

CREATE TABLE receipts (
    event_id     bytea  NOT NULL REFERENCES events,
    receipt_id   bytea  NOT NULL CHECK (length(receipt_id) = 24),
    organizer_id bytea  NOT NULL,
    series       text   NOT NULL,
    number       bigint NOT NULL CHECK (number > 0),
    annuls       bytea  CHECK (length(annuls) = 24),
    amount       bigint NOT NULL CHECK (amount > 0),
    fees         bigint NOT NULL CHECK (fees >= 0),
    taxes        bigint NOT NULL CHECK (taxes >= 0),
    issued_at    bigint NOT NULL,
    PRIMARY KEY (event_id, receipt_id),
    UNIQUE (organizer_id, series, number)
);
