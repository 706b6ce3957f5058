-- What is being paid counts as held without being paid for, until it is paid: a payment that waits for a bank holds its units for long.
CREATE INDEX paying_by_address ON reservations (claimant_address) WHERE state = 'paying';
CREATE INDEX paying_by_session ON reservations (claimant_session) WHERE state = 'paying';
