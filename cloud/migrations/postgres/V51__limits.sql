-- The tables and columns of SQLite's V68, which says what they are.
CREATE TABLE buyer_bounds (
    event_id          bytea  PRIMARY KEY REFERENCES events,
    joins_per_address bigint CHECK (joins_per_address >= 1),
    joins_per_buyer   bigint CHECK (joins_per_buyer >= 1),
    unpaid_per_buyer  bigint CHECK (unpaid_per_buyer >= 1)
);

ALTER TABLE waiting_list ADD COLUMN client bytea CHECK (length(client) IN (4, 8));
ALTER TABLE waiting_list ADD COLUMN buyer bytea CHECK (length(buyer) = 16);
CREATE INDEX waiting_of_client ON waiting_list (event_id, client, joined_at) WHERE client IS NOT NULL;
CREATE INDEX waiting_of_buyer ON waiting_list (event_id, buyer, joined_at) WHERE buyer IS NOT NULL;
