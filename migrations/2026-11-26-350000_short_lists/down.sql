ALTER ROLE opentracks_owner RESET client_min_messages;
ALTER ROLE opentracks_commons RESET client_min_messages;
ALTER INDEX commons.title_words_by_letters RESET (gin_pending_list_limit);
ALTER INDEX commons.published_by_word RESET (gin_pending_list_limit);
