-- How often the holder of a ticket has bound it to a phone since the box office last gave them a code: bounded, and counted on by the next generation.
ALTER TABLE tickets ADD COLUMN bindings INTEGER NOT NULL DEFAULT 0 CHECK (bindings >= 0 AND bindings < 256);
