-- Answers of requests that came with an idempotency key, kept for a day; of one that is being done there is none yet. Those of bookings and
-- refunds are in their own rows.
CREATE TABLE kept_answers (
    key_hash     BLOB    PRIMARY KEY CHECK (length(key_hash) = 32),
    request_hash BLOB    NOT NULL CHECK (length(request_hash) = 32),
    status       INTEGER,
    body         TEXT,
    location     TEXT,
    began_at     INTEGER NOT NULL,
    CHECK ((status IS NULL) = (body IS NULL))
) WITHOUT ROWID;
CREATE INDEX kept_answers_by_age ON kept_answers (began_at);
