-- What is published is entered into an index of words in a list first, and from there in one go. Whoever looks for a
-- word reads all of that list, up to 4 MB of it: milliseconds. And who fills it waits until all of it is entered.
-- A short one costs either next to nothing.
ALTER INDEX commons.published_by_word SET (gin_pending_list_limit = 64);
ALTER INDEX commons.title_words_by_letters SET (gin_pending_list_limit = 64);
SELECT gin_clean_pending_list('commons.published_by_word'), gin_clean_pending_list('commons.title_words_by_letters');

-- Of words that say nothing PostgreSQL sends a notice, with the words: nobody reads it, and nobody should.
ALTER ROLE opentracks_commons SET client_min_messages = 'warning';
ALTER ROLE opentracks_owner SET client_min_messages = 'warning';
