-- The columns and steps of SQLite's V45, which says what they are for.
ALTER TABLE tiers ADD COLUMN fee bigint NOT NULL DEFAULT 0 CHECK (fee >= 0);
ALTER TABLE tiers ADD COLUMN fee_added bigint NOT NULL DEFAULT 0 CHECK (fee_added IN (0, 1));
ALTER TABLE tiers ADD COLUMN tax bigint NOT NULL DEFAULT 0 CHECK (tax BETWEEN 0 AND 10000);
ALTER TABLE tiers ADD COLUMN tax_added bigint NOT NULL DEFAULT 0 CHECK (tax_added IN (0, 1));
ALTER TABLE bookings ADD COLUMN fees bigint NOT NULL DEFAULT 0 CHECK (fees >= 0);
ALTER TABLE bookings ADD COLUMN taxes bigint NOT NULL DEFAULT 0 CHECK (taxes >= 0);
ALTER TABLE refunds ADD COLUMN fees bigint NOT NULL DEFAULT 0 CHECK (fees >= 0);
ALTER TABLE refunds ADD COLUMN taxes bigint NOT NULL DEFAULT 0 CHECK (taxes >= 0);

ALTER TABLE journal DROP CONSTRAINT journal_step_check;
ALTER TABLE journal ADD CONSTRAINT journal_step_check CHECK (step IN ('sold', 'not_sold', 'not_sold_given', 'taken_back',
    'taken_back_given', 'given_outside', 'disputed', 'dispute_won', 'dispute_lost', 'fees_sold', 'taxes_sold', 'fees_taken_back',
    'taxes_taken_back'));
ALTER TABLE journal DROP CONSTRAINT journal_into_account_check;
ALTER TABLE journal ADD CONSTRAINT journal_into_account_check
    CHECK (into_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed', 'fees', 'taxes'));
ALTER TABLE journal DROP CONSTRAINT journal_check;
ALTER TABLE journal ADD CONSTRAINT journal_check
    CHECK (out_of_account IN ('gateway', 'sales', 'owed', 'outside', 'disputed', 'fees', 'taxes') AND out_of_account <> into_account);
