-- What the cloud knows as the authority of an event and as a replica of its logs. The event comes first in every key;
-- times are milliseconds since the Unix epoch; signed things are kept as the exact bytes that were signed.

-- Every record of every log, in the order in which this store came to hold them: position counts from 1 for each event
-- and is only ever given by the event's one owner. A log's own order is its seq.
CREATE TABLE records (
    event_id BLOB    NOT NULL REFERENCES events,
    position INTEGER NOT NULL CHECK (position > 0),
    origin   BLOB    NOT NULL CHECK (length(origin) = 32),
    seq      INTEGER NOT NULL CHECK (seq > 0),
    hash     BLOB    NOT NULL CHECK (length(hash) = 32),
    bytes    BLOB    NOT NULL,
    -- What the signatures inside are worth: 1 proven, 2 false, 0 to be looked at again, as when a key is not known yet.
    worth    INTEGER NOT NULL CHECK (worth IN (0, 1, 2)),
    PRIMARY KEY (event_id, position),
    UNIQUE (event_id, origin, seq)
) WITHOUT ROWID;

-- The newest head of each log and, before it, enough others that what lies between two of them fits one run.
-- log_bytes is the size of the log's records up to the head.
CREATE TABLE heads (
    event_id  BLOB    NOT NULL,
    origin    BLOB    NOT NULL,
    seq       INTEGER NOT NULL,
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),
    signature BLOB    NOT NULL CHECK (length(signature) = 64),
    log_bytes INTEGER NOT NULL,
    PRIMARY KEY (event_id, origin, seq)
) WITHOUT ROWID;

-- roots: the root set whose signatures made this version believed; the next version is held to the roots inside it.
CREATE TABLE trust_bundles (
    event_id  BLOB    NOT NULL REFERENCES events,
    version   INTEGER NOT NULL,
    roots     BLOB    NOT NULL,
    signed    BLOB    NOT NULL,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (event_id, version)
) WITHOUT ROWID;

-- The newest checkpoint of an event; record_count is how many records it sums up.
CREATE TABLE checkpoints (
    event_id     BLOB    PRIMARY KEY REFERENCES events,
    record_count INTEGER NOT NULL,
    signed       BLOB    NOT NULL,
    made_at      INTEGER NOT NULL
) WITHOUT ROWID;

-- Enrolment codes are kept as the BLAKE3 hash of their secret. certificate is what the one device that used it was
-- given, so that the same device gets the same answer when the first was lost.
CREATE TABLE enrolment_codes (
    event_id          BLOB    NOT NULL REFERENCES events,
    secret_hash       BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    role              TEXT    NOT NULL CHECK (role IN ('hub', 'scanner')),
    name              TEXT    NOT NULL,
    gates             TEXT    NOT NULL,
    enrol_scanners    INTEGER NOT NULL,
    override_refusals INTEGER NOT NULL,
    certificate_ms    INTEGER NOT NULL CHECK (certificate_ms > 0),
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    used_by           BLOB,
    used_at           INTEGER,
    certificate       BLOB,
    PRIMARY KEY (event_id, secret_hash),
    CHECK ((used_by IS NULL) = (used_at IS NULL) AND (used_by IS NULL) = (certificate IS NULL))
) WITHOUT ROWID;

-- A fresh device knows only its secret.
CREATE UNIQUE INDEX enrolment_codes_by_secret ON enrolment_codes (secret_hash);

-- When a device was last linked, and how many records of all logs it held then.
CREATE TABLE device_contacts (
    event_id     BLOB    NOT NULL REFERENCES events,
    device       BLOB    NOT NULL CHECK (length(device) = 32),
    seen_at      INTEGER NOT NULL,
    record_count INTEGER NOT NULL,
    PRIMARY KEY (event_id, device)
) WITHOUT ROWID;
