-- When a connection last began to write: its row is of no use once it is gone, and what became of its last commit known.
ALTER TABLE writers ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();
