-- How many published titles have a word: what somebody misspells is compared with each word once, not with
-- each title. Written like `start_counts`: each publication and each withdrawal adds rows, a job sums them up.
CREATE TABLE commons.title_words (
    word TEXT NOT NULL,
    change INTEGER NOT NULL
);
CREATE INDEX title_words_by_letters ON commons.title_words USING gin (word public.gin_trgm_ops);

-- Titles have the weight A.
CREATE FUNCTION commons.count_title(words TSVECTOR, change INTEGER) RETURNS VOID
LANGUAGE sql VOLATILE
AS $$
    INSERT INTO commons.title_words (word, change)
    SELECT lexeme, $2 FROM unnest($1) WHERE 'A' = ANY (weights) AND length(lexeme) BETWEEN 3 AND 40
$$;

CREATE OR REPLACE FUNCTION commons.count_published() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM commons.count_start(NEW.start, 1);
        PERFORM commons.count_title(NEW.words, 1);
    ELSE
        PERFORM commons.count_start(OLD.start, -1);
        PERFORM commons.count_title(OLD.words, -1);
    END IF;
    RETURN NULL;
END
$$;

INSERT INTO commons.title_words (word, change)
SELECT lexeme, count(*) FROM commons.published, unnest(words)
WHERE 'A' = ANY (weights) AND length(lexeme) BETWEEN 3 AND 40 GROUP BY lexeme;

-- For each of the first eight words that somebody typed, the five that are most alike; where one is like none,
-- a query that nothing fits. More than a third of the trigrams of both are the same where a letter is missing,
-- doubled or wrong.
CREATE FUNCTION commons.words_alike(text TEXT) RETURNS TSQUERY
LANGUAGE sql STABLE STRICT
AS $$
    SELECT CASE WHEN bool_and(alike IS NOT NULL) THEN string_agg(alike, ' & ') ELSE '' END::tsquery
    FROM (
        SELECT typed FROM unnest(tsvector_to_array(to_tsvector('simple', commons.folded($1)))) AS typed LIMIT 8
    ) AS each CROSS JOIN LATERAL (
        SELECT '(' || string_agg(
            '''' || replace(replace(word, '\', '\\'), '''', '''''') || '''', ' | '
        ) || ')' AS alike
        FROM (
            SELECT word FROM commons.title_words WHERE word OPERATOR(public.%) typed
            GROUP BY word HAVING sum(change) > 0
            ORDER BY public.similarity(word, typed) DESC, word LIMIT 5
        ) AS words
    ) AS alike
$$;
