-- The tables of SQLite's V30, which says what is in them.
CREATE TABLE cells (
    name text PRIMARY KEY
);

CREATE TABLE event_cells (
    event_id  bytea PRIMARY KEY CHECK (length(event_id) = 16),
    cell      text REFERENCES cells,
    moving_to text REFERENCES cells
);

CREATE TABLE this_cell (
    one  bigint PRIMARY KEY CHECK (one = 1),
    name text   NOT NULL
);
