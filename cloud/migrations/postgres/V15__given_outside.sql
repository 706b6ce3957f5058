-- What SQLite's V31 adds, which says what it is for.
ALTER TABLE refunds DROP CONSTRAINT refunds_state_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_state_check CHECK (state IN ('revoking', 'giving', 'given', 'refused', 'given_outside'));
ALTER TABLE journal DROP CONSTRAINT journal_step_check;
ALTER TABLE journal ADD CONSTRAINT journal_step_check
    CHECK (step IN ('sold', 'not_sold', 'not_sold_given', 'taken_back', 'taken_back_given', 'given_outside'));
ALTER TABLE journal DROP CONSTRAINT journal_into_account_check;
ALTER TABLE journal ADD CONSTRAINT journal_into_account_check CHECK (into_account IN ('gateway', 'sales', 'owed', 'outside'));
ALTER TABLE journal DROP CONSTRAINT journal_check;
ALTER TABLE journal ADD CONSTRAINT journal_check
    CHECK (out_of_account IN ('gateway', 'sales', 'owed', 'outside') AND out_of_account <> into_account);
