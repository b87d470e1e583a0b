ALTER ROLE opentracks_commons SET pg_trgm.word_similarity_threshold = 0.5;
ALTER ROLE opentracks_commons RESET max_parallel_workers_per_gather;

CREATE OR REPLACE FUNCTION commons.words_sought(text TEXT) RETURNS TSQUERY
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT websearch_to_tsquery('english', commons.folded($1))
        || websearch_to_tsquery('french', commons.folded($1))
        || websearch_to_tsquery('simple', commons.folded($1))
$$;

CREATE TABLE commons.published_words (
    activity_id UUID PRIMARY KEY REFERENCES commons.published ON DELETE CASCADE,
    words TSVECTOR NOT NULL,
    title TEXT NOT NULL
);
INSERT INTO commons.published_words (activity_id, words, title)
SELECT activity_id, words, commons.folded(title) FROM commons.published JOIN commons.renditions USING (activity_id);
CREATE INDEX published_words_by_word ON commons.published_words USING gin (words);
CREATE INDEX published_words_by_letters ON commons.published_words USING gin (title public.gin_trgm_ops);

ALTER TABLE commons.published DROP COLUMN words;
