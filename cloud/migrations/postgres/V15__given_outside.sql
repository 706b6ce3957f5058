-- What SQLite's V31 adds, which says what it is for.
ALTER TABLE refunds DROP CONSTRAINT refunds_state_check;
ALTER TABLE refunds ADD CHECK (state IN ('revoking', 'giving', 'given', 'refused', 'given_outside'));
ALTER TABLE journal DROP CONSTRAINT journal_step_check;
ALTER TABLE journal ADD CHECK (step IN ('sold', 'not_sold', 'not_sold_given', 'taken_back', 'taken_back_given', 'given_outside'));
ALTER TABLE journal DROP CONSTRAINT journal_into_account_check;
ALTER TABLE journal ADD CHECK (into_account IN ('gateway', 'sales', 'owed', 'outside'));
ALTER TABLE journal DROP CONSTRAINT journal_check;
ALTER TABLE journal ADD CHECK (out_of_account IN ('gateway', 'sales', 'owed', 'outside') AND out_of_account <> into_account);
