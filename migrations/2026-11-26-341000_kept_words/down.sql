CREATE OR REPLACE FUNCTION commons.words_sought(text TEXT) RETURNS TSQUERY
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT commons.in_any_language(wanted) && !! commons.in_any_language(unwanted)
    FROM commons.told_apart($1)
$$;

CREATE OR REPLACE FUNCTION commons.in_any_language(text TEXT) RETURNS TSQUERY
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

CREATE OR REPLACE FUNCTION commons.told_apart(text TEXT, OUT wanted TEXT, OUT unwanted TEXT)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT coalesce(string_agg(found[2], ' ' ORDER BY place) FILTER (WHERE found[1] = ''), ''),
           coalesce(string_agg(found[2], ' or ' ORDER BY place) FILTER (WHERE found[1] <> ''), '')
    FROM regexp_matches($1, '(-*)("[^"]*"?|[^\s"-][^\s"]*)', 'g') WITH ORDINALITY AS each (found, place)
$$;
