-- Events whose organizer has listened once: what happens at them is written down. listener is the name that tells their rows from those
-- of endpoints; last is the number of the newest news.
CREATE TABLE heard_events (
    event_id BLOB    PRIMARY KEY REFERENCES events,
    listener BLOB    NOT NULL CHECK (length(listener) = 24),
    last     INTEGER NOT NULL
) WITHOUT ROWID;

-- What has happened, numbered without gaps; news_id makes what may be heard of more than once one and the same.
CREATE TABLE news (
    event_id   BLOB    NOT NULL REFERENCES heard_events,
    position   INTEGER NOT NULL,
    news_id    BLOB    NOT NULL CHECK (length(news_id) = 24),
    kind       TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (event_id, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX news_by_id ON news (event_id, news_id);
