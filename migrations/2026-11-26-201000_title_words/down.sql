DROP FUNCTION commons.words_alike;

CREATE OR REPLACE FUNCTION commons.count_published() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM commons.count_start(NEW.start, 1);
    ELSE
        PERFORM commons.count_start(OLD.start, -1);
    END IF;
    RETURN NULL;
END
$$;

DROP FUNCTION commons.count_title;
DROP TABLE commons.title_words;
