-- The columns of SQLite's V81, which says what they are. V2 says why the index does not begin with the event.
ALTER TABLE mailings ADD COLUMN idempotency_key text;
ALTER TABLE mailings ADD COLUMN request_hash bytea CHECK (length(request_hash) = 32);
CREATE UNIQUE INDEX mailings_by_key ON mailings (idempotency_key, event_id) WHERE idempotency_key IS NOT NULL;
