-- The secret keys of the cloud, each sealed under a master key that is not in the store: those of events, and the one that names
-- the cloud on the network. hash is of everything beside it and shows damage.
CREATE TABLE secret_keys (
    public_key BLOB    PRIMARY KEY CHECK (length(public_key) = 32),
    event_id   BLOB    REFERENCES events,
    purpose    TEXT    NOT NULL CHECK (purpose IN ('link', 'ticket', 'authority', 'issuing')),
    sealed     BLOB    NOT NULL,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    made_at    INTEGER NOT NULL,
    CHECK ((purpose = 'link') = (event_id IS NULL))
) WITHOUT ROWID;

CREATE INDEX secret_keys_of_event ON secret_keys (event_id);
CREATE UNIQUE INDEX one_link_key ON secret_keys (purpose) WHERE purpose = 'link';
