-- The tables of SQLite's V47, which says what they are.
ALTER TABLE organizer_keys ADD COLUMN scopes text;

CREATE TABLE access_tokens (
    token_hash bytea  PRIMARY KEY CHECK (length(token_hash) = 32),
    key_id     bytea  NOT NULL REFERENCES organizer_keys (key_id),
    scopes     text   NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX tokens_of_key ON access_tokens (key_id, expires_at);
