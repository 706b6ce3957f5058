-- Every record of every log, with the chain hash after it.
CREATE TABLE records (
    origin BLOB NOT NULL CHECK (length(origin) = 32),
    seq INTEGER NOT NULL CHECK (seq > 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    bytes BLOB NOT NULL,
    -- What the signatures inside are worth: 1 proven, 2 false, 0 to be looked at again, as when a key is not known yet.
    worth INTEGER NOT NULL CHECK (worth IN (0, 1, 2)),
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
