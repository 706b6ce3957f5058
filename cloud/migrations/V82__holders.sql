-- Whom a ticket was handed over to, where that was said, and in which language they are written to: they hear what becomes of the event, as buyers
-- do. after_holder is how far a mailing has come among them, in the order of their addresses.
ALTER TABLE tickets ADD COLUMN holder_email TEXT CHECK (holder_email <> '');
ALTER TABLE tickets ADD COLUMN holder_language TEXT CHECK ((holder_language IS NULL) = (holder_email IS NULL) AND (holder_language IS NULL OR length(holder_language) = 2));
CREATE INDEX tickets_of_holder ON tickets (event_id, lower(holder_email)) WHERE holder_email IS NOT NULL;
ALTER TABLE mailings ADD COLUMN after_holder TEXT NOT NULL DEFAULT '';
