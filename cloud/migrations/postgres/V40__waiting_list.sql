-- The table of SQLite's V56, which says what is in it.
CREATE TABLE waiting_list (
    event_id       bytea  NOT NULL,
    waiter_id      bytea  NOT NULL CHECK (length(waiter_id) = 24),
    tier           bigint NOT NULL,
    position       bigint NOT NULL CHECK (position > 0),
    quantity       bigint NOT NULL CHECK (quantity > 0),
    email          text   NOT NULL,
    joined_at      bigint NOT NULL,
    reservation_id bytea,
    left_at        bigint,
    PRIMARY KEY (event_id, waiter_id),
    UNIQUE (event_id, tier, position),
    FOREIGN KEY (event_id, tier) REFERENCES tiers,
    FOREIGN KEY (event_id, reservation_id) REFERENCES reservations
);
CREATE INDEX waiting_in_line ON waiting_list (event_id, tier, position) WHERE reservation_id IS NULL AND left_at IS NULL;
CREATE INDEX waiting_by_address ON waiting_list (event_id, tier, lower(email COLLATE "C")) WHERE left_at IS NULL;
CREATE INDEX offers_of_reservation ON waiting_list (event_id, reservation_id) WHERE reservation_id IS NOT NULL;
