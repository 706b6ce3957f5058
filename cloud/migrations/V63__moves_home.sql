-- Whether an event that is in another cell is on its way home, which is no cell and so cannot stand in moving_to.
ALTER TABLE event_cells ADD COLUMN moving_home INTEGER NOT NULL DEFAULT 0 CHECK (moving_home IN (0, 1));
