-- The table of SQLite's V27, which says what it is for.
CREATE TABLE journal (
    event_id       bytea   NOT NULL REFERENCES events,
    subject        bytea   NOT NULL CHECK (length(subject) = 24),
    step           text    NOT NULL CHECK (step IN ('sold', 'not_sold', 'not_sold_given', 'taken_back', 'taken_back_given')),
    into_account   text    NOT NULL CHECK (into_account IN ('gateway', 'sales', 'owed')),
    out_of_account text    NOT NULL CHECK (out_of_account IN ('gateway', 'sales', 'owed') AND out_of_account <> into_account),
    amount         bigint  NOT NULL CHECK (amount > 0),
    moved_at       bigint  NOT NULL,
    PRIMARY KEY (event_id, subject, step)
);

-- What was sold or is owed already.
INSERT INTO journal SELECT event_id, charge_reference, 'sold', 'gateway', 'sales', amount, closed_at
FROM bookings WHERE state = 'confirmed' AND amount > 0;
INSERT INTO journal SELECT event_id, charge_reference, 'not_sold', 'gateway', 'owed', amount, created_at
FROM bookings WHERE state = 'refunding' AND amount > 0;
INSERT INTO journal SELECT event_id, refund_id, 'taken_back', 'sales', 'owed', amount, created_at FROM refunds WHERE amount > 0;
INSERT INTO journal SELECT event_id, refund_id, 'taken_back_given', 'owed', 'gateway', amount, closed_at
FROM refunds WHERE state = 'given' AND amount > 0;
