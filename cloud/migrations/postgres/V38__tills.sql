-- The columns, tables and accounts of SQLite's V54, which says what they are for.
ALTER TABLE bookings ADD COLUMN taken text CHECK (taken IN ('cash', 'card_terminal', 'invoice'));
ALTER TABLE bookings ADD COLUMN till_id bytea CHECK (length(till_id) = 24);
ALTER TABLE bookings ADD COLUMN name text NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN till_id bytea CHECK (length(till_id) = 24);
CREATE INDEX bookings_of_till ON bookings (event_id, till_id) WHERE till_id IS NOT NULL;
CREATE INDEX refunds_of_till ON refunds (event_id, till_id) WHERE till_id IS NOT NULL;
CREATE INDEX bookings_by_name ON bookings (event_id, lower(name COLLATE "C")) WHERE name <> '';

CREATE TABLE tills (
    event_id    bytea  NOT NULL REFERENCES events,
    till_id     bytea  NOT NULL CHECK (length(till_id) = 24),
    name        text   NOT NULL,
    opened_by   text   NOT NULL,
    opened_with bigint NOT NULL CHECK (opened_with >= 0),
    opened_at   bigint NOT NULL,
    counted     bigint CHECK (counted >= 0),
    expected    bigint,
    closed_at   bigint,
    PRIMARY KEY (event_id, till_id),
    CHECK ((closed_at IS NULL) = (counted IS NULL) AND (closed_at IS NULL) = (expected IS NULL))
);

ALTER TABLE events ADD COLUMN invoice_days bigint CHECK (invoice_days BETWEEN 1 AND 60);
ALTER TABLE events ADD COLUMN order_max bigint CHECK (order_max > 0);
UPDATE seals SET sale = NULL;

ALTER TABLE journal DROP CONSTRAINT journal_into_account_check;
ALTER TABLE journal ADD CONSTRAINT journal_into_account_check
    CHECK (into_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed', 'fees', 'taxes', 'till', 'terminal', 'bank'));
ALTER TABLE journal DROP CONSTRAINT journal_check;
ALTER TABLE journal ADD CONSTRAINT journal_check
    CHECK (out_of_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed', 'fees', 'taxes', 'till', 'terminal', 'bank')
           AND out_of_account <> into_account);
