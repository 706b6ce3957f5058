-- Who waits for places of a tier, in the order in which they came. An offer is a reservation: what becomes of it is what becomes of the offer.
CREATE TABLE waiting_list (
    event_id       BLOB    NOT NULL,
    waiter_id      BLOB    NOT NULL CHECK (length(waiter_id) = 24),
    tier           INTEGER NOT NULL,
    position       INTEGER NOT NULL CHECK (position > 0),
    quantity       INTEGER NOT NULL CHECK (quantity > 0),
    email          TEXT    NOT NULL,
    joined_at      INTEGER NOT NULL,
    reservation_id BLOB,
    left_at        INTEGER,
    PRIMARY KEY (event_id, waiter_id),
    UNIQUE (event_id, tier, position),
    FOREIGN KEY (event_id, tier) REFERENCES tiers,
    FOREIGN KEY (event_id, reservation_id) REFERENCES reservations
) WITHOUT ROWID;
CREATE INDEX waiting_in_line ON waiting_list (event_id, tier, position) WHERE reservation_id IS NULL AND left_at IS NULL;
CREATE INDEX waiting_by_address ON waiting_list (event_id, tier, lower(email)) WHERE left_at IS NULL;
CREATE INDEX offers_of_reservation ON waiting_list (event_id, reservation_id) WHERE reservation_id IS NOT NULL;
