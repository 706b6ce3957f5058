-- When an organizer had mailings sent to some address for a try, within the last day: a preview is no way to write to strangers.
CREATE TABLE mailing_tries (
    organizer_id BLOB    NOT NULL REFERENCES organizers,
    tried_at     INTEGER NOT NULL,
    try_id       BLOB    NOT NULL CHECK (length(try_id) = 16),
    PRIMARY KEY (organizer_id, tried_at, try_id)
) WITHOUT ROWID;
