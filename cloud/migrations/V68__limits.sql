-- How often one client and one buyer may join the waiting lists of an event within a day, and how many places one buyer's bookings may keep
-- unpaid, where that is not the usual.
CREATE TABLE buyer_bounds (
    event_id          BLOB    PRIMARY KEY REFERENCES events,
    joins_per_address INTEGER CHECK (joins_per_address >= 1),
    joins_per_buyer   INTEGER CHECK (joins_per_buyer >= 1),
    unpaid_per_buyer  INTEGER CHECK (unpaid_per_buyer >= 1)
) WITHOUT ROWID;

-- Where whoever joined was, and a hash of their address, which is erased when they leave: both for a day.
ALTER TABLE waiting_list ADD COLUMN client BLOB CHECK (length(client) IN (4, 8));
ALTER TABLE waiting_list ADD COLUMN buyer BLOB CHECK (length(buyer) = 16);
CREATE INDEX waiting_of_client ON waiting_list (event_id, client, joined_at) WHERE client IS NOT NULL;
CREATE INDEX waiting_of_buyer ON waiting_list (event_id, buyer, joined_at) WHERE buyer IS NOT NULL;
