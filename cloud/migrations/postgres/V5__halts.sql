-- The table of SQLite's V22, which says what is in it.
CREATE TABLE halts (
    event_id  bytea  PRIMARY KEY REFERENCES events,
    since     bigint NOT NULL,
    origin    bytea  CHECK (length(origin) = 32),
    seq       bigint CHECK (seq > 0 AND (seq IS NULL) = (origin IS NULL)),
    hash      bytea  CHECK (length(hash) = 32 AND (hash IS NULL) = (origin IS NULL)),
    signature bytea  CHECK (length(signature) = 64 AND (signature IS NULL) = (origin IS NULL))
);

INSERT INTO halts (event_id, since, origin, seq, hash, signature)
SELECT event_id, 0, origin, seq, hash, signature FROM own_pasts
WHERE seq > coalesce(
    (SELECT max(seq) FROM heads WHERE heads.event_id = own_pasts.event_id AND heads.origin = own_pasts.origin), 0
);

DROP TABLE own_pasts;
