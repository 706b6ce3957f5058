-- The column of SQLite's V55, which says what is in it.
ALTER TABLE tiers ADD COLUMN price_steps text;
UPDATE seals SET sale = NULL;
