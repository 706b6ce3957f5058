-- The column of SQLite's V25, which says what it is for.
ALTER TABLE bookings ADD COLUMN gateway text NOT NULL DEFAULT 'sandbox' CHECK (gateway IN ('sandbox', 'stripe'));
UPDATE bookings SET gateway = 'stripe' WHERE payment IS NOT NULL;
