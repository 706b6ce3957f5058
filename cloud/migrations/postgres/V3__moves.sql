-- The tables of SQLite's V20, which says what is in them.
CREATE TABLE store_move (
    one       bigint PRIMARY KEY CHECK (one = 1),
    move_id   bytea  NOT NULL CHECK (length(move_id) = 16),
    state     text   NOT NULL CHECK (state IN ('leaving', 'left', 'arriving')),
    elsewhere text   NOT NULL
);

CREATE TABLE store_move_tables (
    name      text   PRIMARY KEY,
    row_count bigint NOT NULL CHECK (row_count >= 0)
);
