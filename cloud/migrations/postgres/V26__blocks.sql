-- The table of SQLite's V42, which says what is in it.
CREATE TABLE blocks (
    event_id       bytea  NOT NULL,
    block_id       bytea  NOT NULL CHECK (length(block_id) = 24),
    reservation_id bytea  NOT NULL,
    name           text   NOT NULL,
    created_at     bigint NOT NULL,
    PRIMARY KEY (event_id, block_id),
    UNIQUE (event_id, reservation_id),
    FOREIGN KEY (event_id, reservation_id) REFERENCES reservations
);
