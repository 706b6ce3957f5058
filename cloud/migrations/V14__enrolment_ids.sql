-- Enrolment codes go by an id that is derived from their secret, and keep the key that a device proves it holds the code
-- with: whoever reads the key of an unused code can use the code. Codes from before have neither, so none of them can be
-- used any more: new ones are made in a moment.
DROP TABLE enrolment_codes;

-- certificate is what the one device that used the code was given, so that the same device gets the same answer when the
-- first was lost.
CREATE TABLE enrolment_codes (
    code_id           BLOB    PRIMARY KEY CHECK (length(code_id) = 32),
    event_id          BLOB    NOT NULL REFERENCES events,
    code_key          BLOB    NOT NULL CHECK (length(code_key) = 32),
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
    CHECK ((used_by IS NULL) = (used_at IS NULL) AND (used_by IS NULL) = (certificate IS NULL))
) WITHOUT ROWID;

-- The unused codes of an event are counted, and forgotten when their time is over.
CREATE INDEX enrolment_codes_by_event ON enrolment_codes (event_id);
