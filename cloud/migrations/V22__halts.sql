-- The events of which nothing is sold or ordered, because the database may be an older copy: it was restored, or a device was seen to hold
-- more of the authority's own log than was stored then, and the head says how much. An operator ends it with `usher-cloud resume`.
CREATE TABLE halts (
    event_id  BLOB    PRIMARY KEY REFERENCES events,
    since     INTEGER NOT NULL,
    origin    BLOB    CHECK (length(origin) = 32),
    seq       INTEGER CHECK (seq > 0 AND (seq IS NULL) = (origin IS NULL)),
    hash      BLOB    CHECK (length(hash) = 32 AND (hash IS NULL) = (origin IS NULL)),
    signature BLOB    CHECK (length(signature) = 64 AND (signature IS NULL) = (origin IS NULL))
) WITHOUT ROWID;

-- Where the log has come back, the start of this version is what ended it until now.
INSERT INTO halts (event_id, since, origin, seq, hash, signature)
SELECT event_id, 0, origin, seq, hash, signature FROM own_pasts
WHERE seq > coalesce(
    (SELECT max(seq) FROM heads WHERE heads.event_id = own_pasts.event_id AND heads.origin = own_pasts.origin), 0
);

DROP TABLE own_pasts;
