-- What counts the changes of an event that others follow: appended and dropped records, and trust bundles. Whoever finds the
-- number as it was need not look any further. Which records are new is found by comparing where each log ends.
CREATE TABLE feeds (
    event_id BLOB    PRIMARY KEY REFERENCES events,
    version  INTEGER NOT NULL CHECK (version > 0)
) WITHOUT ROWID;

INSERT INTO feeds (event_id, version) SELECT DISTINCT event_id, 1 FROM trust_bundles;
