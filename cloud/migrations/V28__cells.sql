-- Cells: databases beside this one, the home cell, each with some of the events and all that belongs to these. Organizers and venues are
-- at home. Here stand the cells that take new events, and where each event is: a cell, or none at home, where one may also have no row. Of one
-- that is on its way, moving_to says where to; nobody uses it meanwhile.
CREATE TABLE cells (
    name TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE event_cells (
    event_id  BLOB PRIMARY KEY CHECK (length(event_id) = 16),
    cell      TEXT REFERENCES cells,
    moving_to TEXT REFERENCES cells
) WITHOUT ROWID;

-- In a cell that is not at home: which one it is.
CREATE TABLE this_cell (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    name TEXT    NOT NULL
) WITHOUT ROWID;
