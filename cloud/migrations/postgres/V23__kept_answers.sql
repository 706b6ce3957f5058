-- The table of SQLite's V39, which says what is in it.
CREATE TABLE kept_answers (
    key_hash     bytea  PRIMARY KEY CHECK (length(key_hash) = 32),
    request_hash bytea  NOT NULL CHECK (length(request_hash) = 32),
    status       bigint,
    body         text,
    location     text,
    began_at     bigint NOT NULL,
    CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX kept_answers_by_age ON kept_answers (began_at);
