-- What somebody looks for is read again in each step of a search: by functions whose plans are kept, as in kept_plans.
CREATE OR REPLACE FUNCTION commons.told_apart(text TEXT, OUT wanted TEXT, OUT unwanted TEXT)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    SELECT coalesce(string_agg(part[2], ' ' ORDER BY place) FILTER (WHERE part[1] = ''), ''),
           coalesce(string_agg(part[2], ' or ' ORDER BY place) FILTER (WHERE part[1] <> ''), '')
    INTO wanted, unwanted
    FROM regexp_matches($1, '(-*)("[^"]*"?|[^\s"-][^\s"]*)', 'g') WITH ORDINALITY AS parts (part, place);
END
$$;

CREATE OR REPLACE FUNCTION commons.in_any_language(text TEXT) RETURNS TSQUERY
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    folded TEXT := commons.folded($1);
    english TSQUERY := websearch_to_tsquery('english', folded);
    french TSQUERY := websearch_to_tsquery('french', folded);
    plain TSQUERY := websearch_to_tsquery('simple', folded);
BEGIN
    RETURN CASE WHEN english = plain AND french = plain THEN plain
                WHEN english = plain OR english = french THEN french || plain
                WHEN french = plain THEN english || plain
                ELSE english || french || plain END;
END
$$;

CREATE OR REPLACE FUNCTION commons.words_sought(text TEXT) RETURNS TSQUERY
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    told RECORD := commons.told_apart($1);
BEGIN
    IF told.unwanted = '' THEN
        RETURN commons.in_any_language(told.wanted);
    END IF;
    RETURN commons.in_any_language(told.wanted) && !! commons.in_any_language(told.unwanted);
END
$$;
