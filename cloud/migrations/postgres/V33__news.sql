-- The tables of SQLite's V49, which says what they are.
CREATE TABLE heard_events (
    event_id bytea  PRIMARY KEY REFERENCES events,
    listener bytea  NOT NULL CHECK (length(listener) = 24),
    last     bigint NOT NULL
);

CREATE TABLE news (
    event_id   bytea  NOT NULL REFERENCES heard_events,
    position   bigint NOT NULL,
    news_id    bytea  NOT NULL CHECK (length(news_id) = 24),
    kind       text   NOT NULL,
    body       text   NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (event_id, position)
);
CREATE UNIQUE INDEX news_by_id ON news (event_id, news_id);
