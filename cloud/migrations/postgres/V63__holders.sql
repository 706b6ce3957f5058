-- The columns of SQLite's V82, which says what they are. V2 says why the index does not begin with the event.
ALTER TABLE tickets ADD COLUMN holder_email text CHECK (holder_email <> '');
ALTER TABLE tickets ADD COLUMN holder_language text CHECK ((holder_language IS NULL) = (holder_email IS NULL) AND (holder_language IS NULL OR length(holder_language) = 2));
CREATE INDEX tickets_of_holder ON tickets (lower(holder_email COLLATE "C"), event_id) WHERE holder_email IS NOT NULL;
ALTER TABLE mailings ADD COLUMN after_holder text NOT NULL DEFAULT '';
