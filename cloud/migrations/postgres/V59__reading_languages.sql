-- In which language whoever waits is told of an offer, and a letter to somebody who is not a buyer is written, by its tag.
ALTER TABLE waiting_list ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (length(language) = 2);
ALTER TABLE letters ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (length(language) = 2);
