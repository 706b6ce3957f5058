-- The letters of one booking, among those of tens of thousands. V2 says why it does not begin with the event.
CREATE INDEX letters_by_charge ON letters (charge, event_id) WHERE charge IS NOT NULL;
