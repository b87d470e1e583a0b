-- Words lie in the row that they find, beside what it is filtered and sorted by: one index narrows down
-- another, where a join reads thousands of rows of both tables.
CREATE FUNCTION commons.words_of_published(id UUID) RETURNS TSVECTOR
LANGUAGE sql STABLE
AS $$ SELECT coalesce((SELECT words FROM commons.published_words WHERE activity_id = $1), '') $$;

ALTER TABLE commons.published ADD COLUMN words TSVECTOR;
-- Written and indexed anew as a whole, which takes a minute a million and leaves no dead rows.
ALTER TABLE commons.published
    ALTER COLUMN words TYPE TSVECTOR USING commons.words_of_published(activity_id),
    ALTER COLUMN words SET NOT NULL;
CREATE INDEX published_by_word ON commons.published USING gin (words);

DROP FUNCTION commons.words_of_published;
DROP TABLE commons.published_words;

-- Languages that agree about a word ask for it once.
CREATE OR REPLACE FUNCTION commons.words_sought(text TEXT) RETURNS TSQUERY
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN english = plain AND french = plain THEN plain
                WHEN english = plain OR english = french THEN french || plain
                WHEN french = plain THEN english || plain
                ELSE english || french || plain END
    FROM (
        SELECT websearch_to_tsquery('english', commons.folded($1)) AS english,
               websearch_to_tsquery('french', commons.folded($1)) AS french,
               websearch_to_tsquery('simple', commons.folded($1)) AS plain
    ) AS languages
$$;

-- A search goes on step by step, one part of a UNION ALL after the other.
ALTER ROLE opentracks_commons SET max_parallel_workers_per_gather = 0;
ALTER ROLE opentracks_commons RESET pg_trgm.word_similarity_threshold;
