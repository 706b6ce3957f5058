-- The table of SQLite's V59, which says what it is.
CREATE TABLE mailings (
    event_id     bytea  NOT NULL REFERENCES events,
    mailing_id   bytea  NOT NULL CHECK (length(mailing_id) = 24),
    kind         text   NOT NULL,
    tier         bigint,
    subject      text   NOT NULL,
    body         text   NOT NULL,
    after_charge bytea  NOT NULL CHECK (length(after_charge) = 24),
    written      bigint NOT NULL CHECK (written >= 0),
    created_at   bigint NOT NULL,
    ended_at     bigint,
    PRIMARY KEY (event_id, mailing_id)
);
