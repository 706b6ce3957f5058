-- The indices of SQLite's V24, which says what they are for.
CREATE INDEX paying_by_address ON reservations (claimant_address) WHERE state = 'paying';
CREATE INDEX paying_by_session ON reservations (claimant_session) WHERE state = 'paying';
