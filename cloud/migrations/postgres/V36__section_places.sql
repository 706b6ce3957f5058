-- Where the sections of an event's seat map are drawn, as JSON, if its organizer says so; nothing that is sold depends on it.
ALTER TABLE events ADD COLUMN section_places text;
