-- The tables of SQLite's V48, which says what they are.
CREATE TABLE staff (
    staff_id     bytea  PRIMARY KEY CHECK (length(staff_id) = 16),
    organizer_id bytea  NOT NULL REFERENCES organizers,
    name         text   NOT NULL,
    email        text   NOT NULL,
    role         text   NOT NULL CHECK (role IN ('owner', 'manager', 'box_office', 'support', 'gate_admin', 'auditor', 'viewer')),
    password     bytea  NOT NULL,
    totp_secret  bytea  NOT NULL,
    last_step    bigint NOT NULL,
    wrong_codes  bigint NOT NULL,
    waits_until  bigint,
    created_at   bigint NOT NULL
);
CREATE UNIQUE INDEX staff_by_email ON staff (organizer_id, email);

CREATE TABLE recovery_codes (
    staff_id  bytea NOT NULL REFERENCES staff,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (staff_id, code_hash)
);

CREATE TABLE invitations (
    invitation_id bytea  PRIMARY KEY CHECK (length(invitation_id) = 16),
    token_hash    bytea  NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    organizer_id  bytea  NOT NULL REFERENCES organizers,
    name          text   NOT NULL,
    email         text   NOT NULL,
    role          text   NOT NULL,
    created_at    bigint NOT NULL,
    expires_at    bigint NOT NULL
);
CREATE UNIQUE INDEX invitations_by_email ON invitations (organizer_id, email);

CREATE TABLE staff_sessions (
    session_hash bytea  PRIMARY KEY CHECK (length(session_hash) = 32),
    session_id   bytea  NOT NULL UNIQUE CHECK (length(session_id) = 16),
    staff_id     bytea  NOT NULL REFERENCES staff,
    network      text   NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    proven_at    bigint
);
CREATE INDEX sessions_of_staff ON staff_sessions (staff_id, created_at);
