-- Looking for events: where they are, what sort they are, and a listing of each that is on sale and not over. A listing is made
-- anew from its event at any time, so that it is neither moved nor backed up apart: place grows with the start.
ALTER TABLE venues ADD COLUMN latitude bigint;
ALTER TABLE venues ADD COLUMN longitude bigint;
ALTER TABLE events ADD COLUMN latitude bigint;
ALTER TABLE events ADD COLUMN longitude bigint;
ALTER TABLE events ADD COLUMN category text;
ALTER TABLE events DROP COLUMN search_text;
ALTER TABLE events DROP COLUMN city_key;

-- words: of its name with weight A, of all else with B, and with D the tags that narrow a search down.
CREATE TABLE listings (
    place      bigint   NOT NULL,
    event_id   bytea    PRIMARY KEY REFERENCES events,
    ends_at    bigint   NOT NULL,
    day        bigint   NOT NULL,
    city       text     NOT NULL,
    city_key   text     NOT NULL,
    price_from bigint   NOT NULL,
    latitude   bigint,
    longitude  bigint,
    words      tsvector NOT NULL DEFAULT ''
);

CREATE INDEX listings_in_order ON listings (place, event_id);
CREATE INDEX listings_by_end ON listings (ends_at);
CREATE INDEX listings_by_city ON listings (city_key text_pattern_ops, city);
CREATE INDEX listings_by_words ON listings USING gin (words);
