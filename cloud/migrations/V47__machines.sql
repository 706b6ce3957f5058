-- A key may do what its role may, and of that alone what scopes names, if it does: operations with blanks between them.
ALTER TABLE organizer_keys ADD COLUMN scopes TEXT;

-- Tokens that stand for a key for some minutes, and what they are for.
CREATE TABLE access_tokens (
    token_hash BLOB    PRIMARY KEY CHECK (length(token_hash) = 32),
    key_id     BLOB    NOT NULL REFERENCES organizer_keys (key_id),
    scopes     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tokens_of_key ON access_tokens (key_id, expires_at);
