-- As the migration of the same name of the SQLite engine.
ALTER TABLE seals ADD COLUMN sale bytea CHECK (length(sale) = 32);
ALTER TABLE seals ADD COLUMN vouchers bytea CHECK (length(vouchers) = 32);
ALTER TABLE seals ADD COLUMN blocks bytea CHECK (length(blocks) = 32);
