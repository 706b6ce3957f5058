-- Looking for events: where they are, what sort they are, and a listing of each that is on sale and not over. A listing is made
-- anew from its event at any time, so that it is neither moved nor backed up apart: place grows with the start.
ALTER TABLE venues ADD COLUMN latitude INTEGER;
ALTER TABLE venues ADD COLUMN longitude INTEGER;
ALTER TABLE events ADD COLUMN latitude INTEGER;
ALTER TABLE events ADD COLUMN longitude INTEGER;
ALTER TABLE events ADD COLUMN category TEXT;
ALTER TABLE events DROP COLUMN search_text;
ALTER TABLE events DROP COLUMN city_key;

CREATE TABLE listings (
    place      INTEGER PRIMARY KEY,
    event_id   BLOB    NOT NULL UNIQUE REFERENCES events,
    ends_at    INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    city       TEXT    NOT NULL,
    city_key   TEXT    NOT NULL,
    price_from INTEGER NOT NULL,
    latitude   INTEGER,
    longitude  INTEGER
);

CREATE INDEX listings_by_end ON listings (ends_at);
CREATE INDEX listings_by_city ON listings (city_key, city);

-- Its words are folded before they come here; what is not ASCII is a letter to this tokenizer. Its rowid is the listing's place.
CREATE VIRTUAL TABLE listing_words USING fts5 (
    name, other, tags, content = '', contentless_delete = 1, detail = column, prefix = '1 2 3', tokenize = 'ascii'
);
