-- People of organizers who log in. totp_secret is sealed under the master key; last_step is the step of the last one-time code taken.
CREATE TABLE staff (
    staff_id     BLOB    PRIMARY KEY CHECK (length(staff_id) = 16),
    organizer_id BLOB    NOT NULL REFERENCES organizers,
    name         TEXT    NOT NULL,
    email        TEXT    NOT NULL,
    role         TEXT    NOT NULL CHECK (role IN ('owner', 'manager', 'box_office', 'support', 'gate_admin', 'auditor', 'viewer')),
    password     BLOB    NOT NULL,
    totp_secret  BLOB    NOT NULL,
    last_step    INTEGER NOT NULL,
    wrong_codes  INTEGER NOT NULL,
    waits_until  INTEGER,
    created_at   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX staff_by_email ON staff (organizer_id, email);

CREATE TABLE recovery_codes (
    staff_id  BLOB NOT NULL REFERENCES staff,
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (staff_id, code_hash)
) WITHOUT ROWID;

CREATE TABLE invitations (
    invitation_id BLOB    PRIMARY KEY CHECK (length(invitation_id) = 16),
    token_hash    BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    organizer_id  BLOB    NOT NULL REFERENCES organizers,
    name          TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_by_email ON invitations (organizer_id, email);

CREATE TABLE staff_sessions (
    session_hash BLOB    PRIMARY KEY CHECK (length(session_hash) = 32),
    session_id   BLOB    NOT NULL UNIQUE CHECK (length(session_id) = 16),
    staff_id     BLOB    NOT NULL REFERENCES staff,
    network      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    proven_at    INTEGER
) WITHOUT ROWID;
CREATE INDEX sessions_of_staff ON staff_sessions (staff_id, created_at);
