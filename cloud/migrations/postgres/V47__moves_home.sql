-- The column of SQLite's V63, which says what is in it.
ALTER TABLE event_cells ADD COLUMN moving_home bigint NOT NULL DEFAULT 0 CHECK (moving_home IN (0, 1));
