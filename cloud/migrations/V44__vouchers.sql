-- Codes that buyers type: what each changes about the price, whether it unlocks hidden tiers and an early sale, and how often it may be used.
-- tiers is a JSON array of tiers, or null for all. A reservation names the voucher it was made with: its uses are the reservations that are
-- held, being paid or booked, so that what lapses gives its use back by itself.
CREATE TABLE vouchers (
    event_id      BLOB    NOT NULL REFERENCES events,
    voucher_id    BLOB    NOT NULL CHECK (length(voucher_id) = 24),
    code          TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    discount      TEXT    CHECK (discount IN ('percent', 'amount', 'price')),
    value         INTEGER NOT NULL CHECK (value >= 0),
    unlocks       INTEGER NOT NULL CHECK (unlocks IN (0, 1)),
    tiers         TEXT,
    max_uses      INTEGER CHECK (max_uses > 0),
    max_per_order INTEGER CHECK (max_per_order > 0),
    valid_from    INTEGER,
    valid_until   INTEGER,
    stopped       INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (event_id, voucher_id),
    UNIQUE (event_id, code)
) WITHOUT ROWID;

ALTER TABLE reservations ADD COLUMN voucher_id BLOB CHECK (length(voucher_id) = 24);
CREATE INDEX reservations_of_voucher ON reservations (event_id, voucher_id) WHERE voucher_id IS NOT NULL;
