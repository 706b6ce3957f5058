-- Who holds units unpaid, so that nobody holds the whole house: the client's address (IPv4, or the first 64 bits of IPv6)
-- and the hash of its session. Known while a reservation may still be paid, and not longer.
ALTER TABLE reservations ADD COLUMN claimant_address BLOB CHECK (length(claimant_address) IN (4, 8));
ALTER TABLE reservations ADD COLUMN claimant_session BLOB CHECK (length(claimant_session) = 16);

CREATE INDEX held_by_address ON reservations (claimant_address, expires_at) WHERE state = 'held';
CREATE INDEX held_by_session ON reservations (claimant_session, expires_at) WHERE state = 'held';

-- Reservations that nothing came of are deleted some time after their end.
CREATE INDEX reservations_unbooked ON reservations (event_id, expires_at) WHERE state IN ('held', 'released');
CREATE INDEX bookings_of_reservation ON bookings (event_id, reservation_id);
