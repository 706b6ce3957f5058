-- Which gateway has a booking's payment: no other one is asked about it when the settings name another. Until now one that was opened
-- by an id of the gateway's own is Stripe's; of others no money can have moved there.
ALTER TABLE bookings ADD COLUMN gateway TEXT NOT NULL DEFAULT 'sandbox' CHECK (gateway IN ('sandbox', 'stripe'));
UPDATE bookings SET gateway = 'stripe' WHERE payment IS NOT NULL;
