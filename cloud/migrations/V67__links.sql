-- Link letters carry a link that opens something to whoever reads an address: an invitation, or the way to a buyer's tickets. They are of no
-- event. sealed is the link's secret under the master key; with the address it is emptied once the letter is sent or given up.
CREATE TABLE link_letters (
    letter_id    BLOB    PRIMARY KEY CHECK (length(letter_id) = 16),
    kind         TEXT    NOT NULL,
    organizer_id BLOB    REFERENCES organizers,
    recipient    TEXT    NOT NULL,
    sealed       BLOB    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'given_up')),
    failures     INTEGER NOT NULL CHECK (failures >= 0),
    created_at   INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX link_letters_waiting ON link_letters (next_at) WHERE state = 'waiting';
CREATE INDEX link_letters_by_end ON link_letters (expires_at);
CREATE INDEX link_letters_of_organizer ON link_letters (organizer_id) WHERE organizer_id IS NOT NULL;

-- Links that open the tickets of an address, each once: asked for, whether or not anything was bought with the address. client is where
-- whoever asked is.
CREATE TABLE buyer_links (
    link_hash  BLOB    PRIMARY KEY CHECK (length(link_hash) = 32),
    email      TEXT    NOT NULL,
    client     BLOB    NOT NULL CHECK (length(client) IN (4, 8)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) WITHOUT ROWID;
CREATE INDEX buyer_links_of_address ON buyer_links (email, created_at);
CREATE INDEX buyer_links_of_client ON buyer_links (client, created_at);
CREATE INDEX buyer_links_by_end ON buyer_links (expires_at);

-- Browsers in which somebody has opened such a link.
CREATE TABLE buyer_sessions (
    session_hash BLOB    PRIMARY KEY CHECK (length(session_hash) = 32),
    email        TEXT    NOT NULL,
    network      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX buyer_sessions_of_address ON buyer_sessions (email);
CREATE INDEX buyer_sessions_by_end ON buyer_sessions (expires_at);

CREATE INDEX bookings_of_address ON bookings (lower(email), created_at) WHERE email <> '';
