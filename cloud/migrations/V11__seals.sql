-- BLAKE3 hashes of what is sold: terms (the event's days, currency and policy, and its tiers with their prices) anew with
-- every change, layout (the units with their seats) once the event is on sale. SQLite does not notice when a disk alters
-- a value; the audit compares these.
CREATE TABLE seals (
    event_id BLOB PRIMARY KEY REFERENCES events,
    terms    BLOB NOT NULL CHECK (length(terms) = 32),
    layout   BLOB CHECK (length(layout) = 32)
) WITHOUT ROWID;
