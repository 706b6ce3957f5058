-- Every record of every log, with the chain hash after it.
CREATE TABLE records (
    origin BLOB NOT NULL CHECK (length(origin) = 32),
    seq INTEGER NOT NULL CHECK (seq > 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    bytes BLOB NOT NULL,
    -- Whether the signatures inside were verified; one that is false or rests on a key not known yet is looked at again.
    proven INTEGER NOT NULL CHECK (proven IN (0, 1)),
    PRIMARY KEY (origin, seq)
) STRICT, WITHOUT ROWID;

-- The signed heads that are kept: the newest of each log, and milestones behind it.
CREATE TABLE heads (
    origin BLOB NOT NULL CHECK (length(origin) = 32),
    seq INTEGER NOT NULL CHECK (seq > 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (origin, seq)
) STRICT, WITHOUT ROWID;

-- Where the logs stood in the checkpoint this replica began from: earlier records are not here.
CREATE TABLE covered (
    origin BLOB NOT NULL PRIMARY KEY CHECK (length(origin) = 32),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;

-- What the device is and believes: identity, roots, bundle, uplink, checkpoint, freshness.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
