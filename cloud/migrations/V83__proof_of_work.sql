-- What challenges are signed with whose work whoever holds places of this event must show; nothing where none is asked for.
ALTER TABLE hold_bounds ADD COLUMN proof_secret BLOB CHECK (length(proof_secret) = 32);

-- Proofs that have held places: each is good once, and forgotten when it would not be taken any more.
CREATE TABLE spent_proofs (
    event_id BLOB    NOT NULL REFERENCES events,
    until    INTEGER NOT NULL,
    proof    BLOB    NOT NULL CHECK (length(proof) = 32),
    PRIMARY KEY (event_id, until, proof)
) WITHOUT ROWID;
