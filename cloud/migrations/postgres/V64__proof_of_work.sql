-- The column and the table of SQLite's V83, which says what they are.
ALTER TABLE hold_bounds ADD COLUMN proof_secret bytea CHECK (length(proof_secret) = 32);

CREATE TABLE spent_proofs (
    event_id bytea  NOT NULL REFERENCES events,
    until    bigint NOT NULL,
    proof    bytea  NOT NULL CHECK (length(proof) = 32),
    PRIMARY KEY (event_id, until, proof)
);
