-- What else is sealed of what is sold: how the event and its tiers are sold (windows, limits, fees, taxes, what one client may hold), anew with
-- every change; and its vouchers and its blocks, each as the sum of the hashes of their rows, so that a row counts as long as it is there.
-- Whatever is not sealed yet is sealed when the store is opened next.
ALTER TABLE seals ADD COLUMN sale BLOB CHECK (length(sale) = 32);
ALTER TABLE seals ADD COLUMN vouchers BLOB CHECK (length(vouchers) = 32);
ALTER TABLE seals ADD COLUMN blocks BLOB CHECK (length(blocks) = 32);
