-- The table and indices of SQLite's V35, which says what they are.
CREATE TABLE hold_bounds (
    event_id        bytea  PRIMARY KEY REFERENCES events,
    per_session     bigint CHECK (per_session >= 1),
    per_address     bigint CHECK (per_address >= 1),
    per_network     bigint CHECK (per_network >= 1),
    minutes_in_vain bigint CHECK (minutes_in_vain BETWEEN 1 AND 60)
);

DROP INDEX held_by_address;
DROP INDEX held_by_session;
DROP INDEX paying_by_address;
DROP INDEX paying_by_session;
CREATE INDEX claims_of_address ON reservations (claimant_address, event_id) WHERE claimant_address IS NOT NULL;
CREATE INDEX claims_of_session ON reservations (claimant_session, event_id) WHERE claimant_session IS NOT NULL;
