-- What keeps servers off a store that is being moved to another place, or was: 'leaving' and 'left' at its old place, 'arriving'
-- at the new one. move_id is the same at both, elsewhere says where the other one is, without any secret.
CREATE TABLE store_move (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    move_id   BLOB    NOT NULL CHECK (length(move_id) = 16),
    state     TEXT    NOT NULL CHECK (state IN ('leaving', 'left', 'arriving')),
    elsewhere TEXT    NOT NULL
) WITHOUT ROWID;

-- At the new place: how many rows of each table have come, in the order of its key at the old one.
CREATE TABLE store_move_tables (
    name      TEXT    PRIMARY KEY,
    row_count INTEGER NOT NULL CHECK (row_count >= 0)
) WITHOUT ROWID;
