-- The columns of SQLite's V34, which says what they are for.
ALTER TABLE events ADD COLUMN sells_from bigint;
ALTER TABLE events ADD COLUMN sells_until bigint;
ALTER TABLE events ADD COLUMN sale_stopped bigint NOT NULL DEFAULT 0 CHECK (sale_stopped IN (0, 1));
ALTER TABLE tiers ADD COLUMN sells_from bigint;
ALTER TABLE tiers ADD COLUMN sells_until bigint;
ALTER TABLE tiers ADD COLUMN hidden bigint NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1));
ALTER TABLE tiers ADD COLUMN order_min bigint NOT NULL DEFAULT 1 CHECK (order_min > 0);
ALTER TABLE tiers ADD COLUMN order_max bigint CHECK (order_max >= order_min);
