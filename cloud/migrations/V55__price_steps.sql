-- Prices that a tier has before its full one, until a time or until so many of it were sold: a JSON array of steps in their order.
ALTER TABLE tiers ADD COLUMN price_steps TEXT;
UPDATE seals SET sale = NULL;
