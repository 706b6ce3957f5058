-- The table of SQLite's V43, which says what is in it.
CREATE TABLE comps (
    event_id   bytea  NOT NULL,
    batch      bytea  NOT NULL CHECK (length(batch) = 32),
    position   bigint NOT NULL CHECK (position >= 0),
    booking_id bytea  NOT NULL,
    name       text   NOT NULL,
    PRIMARY KEY (event_id, batch, position),
    UNIQUE (event_id, booking_id),
    FOREIGN KEY (event_id, booking_id) REFERENCES bookings ON UPDATE CASCADE
);
