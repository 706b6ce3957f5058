-- The tables of SQLite's V67, which says what they are.
CREATE TABLE link_letters (
    letter_id    bytea  PRIMARY KEY CHECK (length(letter_id) = 16),
    kind         text   NOT NULL,
    organizer_id bytea  REFERENCES organizers,
    recipient    text   NOT NULL,
    sealed       bytea  NOT NULL,
    state        text   NOT NULL CHECK (state IN ('waiting', 'sent', 'given_up')),
    failures     bigint NOT NULL CHECK (failures >= 0),
    created_at   bigint NOT NULL,
    next_at      bigint NOT NULL,
    expires_at   bigint NOT NULL
);
CREATE INDEX link_letters_waiting ON link_letters (next_at) WHERE state = 'waiting';
CREATE INDEX link_letters_by_end ON link_letters (expires_at);
CREATE INDEX link_letters_of_organizer ON link_letters (organizer_id) WHERE organizer_id IS NOT NULL;

CREATE TABLE buyer_links (
    link_hash  bytea  PRIMARY KEY CHECK (length(link_hash) = 32),
    email      text   NOT NULL,
    client     bytea  NOT NULL CHECK (length(client) IN (4, 8)),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at    bigint
);
CREATE INDEX buyer_links_of_address ON buyer_links (email, created_at);
CREATE INDEX buyer_links_of_client ON buyer_links (client, created_at);
CREATE INDEX buyer_links_by_end ON buyer_links (expires_at);

CREATE TABLE buyer_sessions (
    session_hash bytea  PRIMARY KEY CHECK (length(session_hash) = 32),
    email        text   NOT NULL,
    network      text   NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL
);
CREATE INDEX buyer_sessions_of_address ON buyer_sessions (email);
CREATE INDEX buyer_sessions_by_end ON buyer_sessions (expires_at);

CREATE INDEX bookings_of_address ON bookings (lower(email COLLATE "C"), created_at) WHERE email <> '';
