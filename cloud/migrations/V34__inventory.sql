-- How an organizer sells an event and its tiers: from when until when, stopped or hidden, and how many of a tier one reservation may have.
ALTER TABLE events ADD COLUMN sells_from INTEGER;
ALTER TABLE events ADD COLUMN sells_until INTEGER;
ALTER TABLE events ADD COLUMN sale_stopped INTEGER NOT NULL DEFAULT 0 CHECK (sale_stopped IN (0, 1));
ALTER TABLE tiers ADD COLUMN sells_from INTEGER;
ALTER TABLE tiers ADD COLUMN sells_until INTEGER;
ALTER TABLE tiers ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1));
ALTER TABLE tiers ADD COLUMN order_min INTEGER NOT NULL DEFAULT 1 CHECK (order_min > 0);
ALTER TABLE tiers ADD COLUMN order_max INTEGER CHECK (order_max >= order_min);
