-- In which language a booking was made, and a link asked for, by its tag: letters about them are in it.
ALTER TABLE bookings ADD COLUMN language TEXT NOT NULL DEFAULT 'en' CHECK (length(language) = 2);
ALTER TABLE link_letters ADD COLUMN language TEXT NOT NULL DEFAULT 'en' CHECK (length(language) = 2);
