-- The ticket code: what people type instead of showing the QR code, by the value of its seven digits. It is drawn at random and
-- unique within its event. Tickets from before get one too; one draw in a hundred thousand meets another's, and is made again.
ALTER TABLE tickets ADD COLUMN code INTEGER CHECK (code >= 0 AND code < 34359738349);

CREATE UNIQUE INDEX tickets_by_code ON tickets (event_id, code);

UPDATE OR IGNORE tickets SET code = 37 * abs(random() % 928641577) + abs(random() % 32) WHERE code IS NULL;
UPDATE OR IGNORE tickets SET code = 37 * abs(random() % 928641577) + abs(random() % 32) WHERE code IS NULL;
UPDATE OR IGNORE tickets SET code = 37 * abs(random() % 928641577) + abs(random() % 32) WHERE code IS NULL;
UPDATE OR IGNORE tickets SET code = 37 * abs(random() % 928641577) + abs(random() % 32) WHERE code IS NULL;
UPDATE OR IGNORE tickets SET code = 37 * abs(random() % 928641577) + abs(random() % 32) WHERE code IS NULL;
