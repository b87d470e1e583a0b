-- What somebody types says what is to be there, and with a hyphen before it what is not. Languages are alternatives
-- of each other: what one of them keeps out, another would let in again. So the two are read apart.

ALTER FUNCTION commons.words_sought(TEXT) RENAME TO in_any_language;

-- A word, or words in quotes. A hyphen that stands alone is none.
CREATE FUNCTION commons.told_apart(text TEXT, OUT wanted TEXT, OUT unwanted TEXT)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT coalesce(string_agg(found[2], ' ' ORDER BY place) FILTER (WHERE found[1] = ''), ''),
           coalesce(string_agg(found[2], ' or ' ORDER BY place) FILTER (WHERE found[1] <> ''), '')
    FROM regexp_matches($1, '(-*)("[^"]*"?|[^\s"-][^\s"]*)', 'g') WITH ORDINALITY AS each (found, place)
$$;

CREATE FUNCTION commons.words_sought(text TEXT) RETURNS TSQUERY
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT commons.in_any_language(wanted) && !! commons.in_any_language(unwanted)
    FROM commons.told_apart($1)
$$;

-- Each of the first eight words that somebody typed, or one of the five of titles that are most alike. Those that
-- say nothing, in either language, are passed over: they may be left out of a title, or be too short to be like
-- anything. More than a third of the trigrams of both are the same where a letter is missing, doubled or wrong.
CREATE OR REPLACE FUNCTION commons.words_alike(text TEXT) RETURNS TSQUERY
LANGUAGE sql STABLE STRICT
AS $$
    SELECT coalesce(
        string_agg('(' || sought || ')', ' & ')::tsquery
            && !! commons.in_any_language((commons.told_apart($1)).unwanted), ''
    )
    FROM (
        SELECT lexeme AS typed
        FROM unnest(to_tsvector(
            'simple', replace(commons.folded((commons.told_apart($1)).wanted), '-', ' ')
        ))
        WHERE 3 <= length(lexeme)
            AND ts_lexize('english_stem', lexeme) <> '{}' AND ts_lexize('french_stem', lexeme) <> '{}'
        ORDER BY positions[1] LIMIT 8
    ) AS each CROSS JOIN LATERAL (
        SELECT nullif(concat_ws(' | ', nullif(commons.in_any_language(typed)::text, ''), (
            SELECT string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''', ' | ')
            FROM (
                SELECT word FROM commons.title_words WHERE word OPERATOR(public.%) typed
                GROUP BY word HAVING sum(change) > 0
                ORDER BY public.similarity(word, typed) DESC, word LIMIT 5
            ) AS words
        )), '') AS sought
    ) AS alike
$$;
