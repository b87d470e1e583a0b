DROP FUNCTION commons.words_sought;
DROP FUNCTION commons.told_apart;
ALTER FUNCTION commons.in_any_language(TEXT) RENAME TO words_sought;

CREATE OR REPLACE FUNCTION commons.words_alike(text TEXT) RETURNS TSQUERY
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
