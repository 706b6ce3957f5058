-- What makes a mailing that is asked for twice one mailing: the key of whoever asked, and the hash of what was asked for. Also when the answer to
-- the first request was never kept, nobody gets a letter twice.
ALTER TABLE mailings ADD COLUMN idempotency_key TEXT;
ALTER TABLE mailings ADD COLUMN request_hash BLOB CHECK (length(request_hash) = 32);
CREATE UNIQUE INDEX mailings_by_key ON mailings (event_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
