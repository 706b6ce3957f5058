-- Units that an organizer sets aside under a name. A block is a reservation that never expires by itself: its units are held until the last
-- moment there is, so that whatever tells what is free tells the truth about them too. Its own id opens nothing; that of its reservation is
-- shown to nobody.
CREATE TABLE blocks (
    event_id       BLOB    NOT NULL,
    block_id       BLOB    NOT NULL CHECK (length(block_id) = 24),
    reservation_id BLOB    NOT NULL,
    name           TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (event_id, block_id),
    UNIQUE (event_id, reservation_id),
    FOREIGN KEY (event_id, reservation_id) REFERENCES reservations
) WITHOUT ROWID;
