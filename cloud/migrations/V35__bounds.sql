-- What an organizer lets one client hold of an event without paying, where that is not what the server's settings say.
CREATE TABLE hold_bounds (
    event_id        BLOB    PRIMARY KEY REFERENCES events,
    per_session     INTEGER CHECK (per_session >= 1),
    per_address     INTEGER CHECK (per_address >= 1),
    per_network     INTEGER CHECK (per_network >= 1),
    minutes_in_vain INTEGER CHECK (minutes_in_vain BETWEEN 1 AND 60)
) WITHOUT ROWID;

-- What was held and not paid for counts for an hour after its end. So a claimant is known for that long, and until then whatever the
-- state is: addresses of one network are neighbours in the index. Of what is given back, expires_at is when that was.
DROP INDEX held_by_address;
DROP INDEX held_by_session;
DROP INDEX paying_by_address;
DROP INDEX paying_by_session;
CREATE INDEX claims_of_address ON reservations (claimant_address, event_id) WHERE claimant_address IS NOT NULL;
CREATE INDEX claims_of_session ON reservations (claimant_session, event_id) WHERE claimant_session IS NOT NULL;
