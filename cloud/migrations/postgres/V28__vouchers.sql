-- The table, column and index of SQLite's V44, which says what is in them.
CREATE TABLE vouchers (
    event_id      bytea  NOT NULL REFERENCES events,
    voucher_id    bytea  NOT NULL CHECK (length(voucher_id) = 24),
    code          text   NOT NULL,
    name          text   NOT NULL,
    discount      text   CHECK (discount IN ('percent', 'amount', 'price')),
    value         bigint NOT NULL CHECK (value >= 0),
    unlocks       bigint NOT NULL CHECK (unlocks IN (0, 1)),
    tiers         text,
    max_uses      bigint CHECK (max_uses > 0),
    max_per_order bigint CHECK (max_per_order > 0),
    valid_from    bigint,
    valid_until   bigint,
    stopped       bigint NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
    created_at    bigint NOT NULL,
    PRIMARY KEY (event_id, voucher_id),
    UNIQUE (event_id, code)
);

ALTER TABLE reservations ADD COLUMN voucher_id bytea CHECK (length(voucher_id) = 24);
CREATE INDEX reservations_of_voucher ON reservations (event_id, voucher_id) WHERE voucher_id IS NOT NULL;
