-- The head of the authority's own log that a device was seen to hold beyond what was stored then: the database was an older copy.
-- Every process that meets it sells and orders nothing, until the log has come back and somebody has looked into it.
CREATE TABLE own_pasts (
    event_id  bytea  PRIMARY KEY REFERENCES events,
    origin    bytea  NOT NULL CHECK (length(origin) = 32),
    seq       bigint NOT NULL CHECK (seq > 0),
    hash      bytea  NOT NULL CHECK (length(hash) = 32),
    signature bytea  NOT NULL CHECK (length(signature) = 64)
);
