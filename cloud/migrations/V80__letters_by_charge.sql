-- The letters of one booking, among those of tens of thousands.
CREATE INDEX letters_by_charge ON letters (event_id, charge) WHERE charge IS NOT NULL;
