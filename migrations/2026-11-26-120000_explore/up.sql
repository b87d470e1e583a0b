-- What is published, as it is looked for: by place, by kind, by day, by words. Every column is explained
-- in src/privacy/inventory.rs.

CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;

-- Renditions made before lack what is looked for: all are made anew, and until then nobody sees them.
DELETE FROM commons.renditions;
UPDATE vault.activities SET is_shown = false WHERE is_shown;
UPDATE identity.accounts SET zones_version = zones_version + 1;

ALTER TABLE commons.published ADD COLUMN day DATE;
ALTER TABLE commons.published ADD COLUMN moving_s DOUBLE PRECISION;
-- The visible line in at most 200 points.
ALTER TABLE commons.published ADD COLUMN line GEOGRAPHY(MultiLineString, 4326) NOT NULL;

-- One index answers what is nearest, of a kind and a sport, since a day: without the columns beside the
-- start, a rare sport would be looked for through all that is near.
DROP INDEX commons.published_by_start;
CREATE INDEX published_by_start ON commons.published USING gist (start, sport, kind, day, distance_m);
CREATE INDEX published_by_line ON commons.published USING gist (line);
CREATE INDEX published_by_box ON commons.published USING gist ((line::geometry), sport, day);
CREATE INDEX published_by_day ON commons.published (day DESC NULLS LAST, activity_id DESC);
CREATE INDEX published_by_author ON commons.published (author_id);

-- The same for what is shared with communities, so that a rare one is no needle in a haystack.
CREATE TABLE commons.community_starts (
    community_id UUID NOT NULL,
    activity_id UUID NOT NULL REFERENCES commons.renditions ON DELETE CASCADE,
    start GEOGRAPHY(Point, 4326) NOT NULL,
    line GEOGRAPHY(MultiLineString, 4326) NOT NULL,
    author_id UUID NOT NULL,
    kind TEXT NOT NULL,
    sport TEXT NOT NULL,
    day DATE,
    distance_m DOUBLE PRECISION NOT NULL,
    ascent_m DOUBLE PRECISION,
    moving_s DOUBLE PRECISION,
    PRIMARY KEY (community_id, activity_id),
    FOREIGN KEY (community_id, activity_id) REFERENCES commons.community_activities ON DELETE CASCADE
);
CREATE INDEX community_starts_by_activity ON commons.community_starts (activity_id);
CREATE INDEX community_starts_by_start
    ON commons.community_starts USING gist (community_id, start, sport, kind, day);
CREATE INDEX community_starts_by_line ON commons.community_starts USING gist (community_id, line);

-- Folds accents and case. The dictionary is named, so that the function always gives the same.
CREATE FUNCTION commons.folded(words TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, $1)) $$;

-- Words by their stems in the languages of the product, and as they are: names have no stem.
CREATE FUNCTION commons.words_of(title TEXT, body TEXT) RETURNS TSVECTOR
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT setweight(
        to_tsvector('english', commons.folded($1)) || to_tsvector('french', commons.folded($1))
            || to_tsvector('simple', commons.folded($1)), 'A'
    ) || setweight(
        to_tsvector('english', commons.folded(coalesce($2, '')))
            || to_tsvector('french', commons.folded(coalesce($2, '')))
            || to_tsvector('simple', commons.folded(coalesce($2, ''))), 'B'
    )
$$;

-- What somebody types, in whichever of the languages it is.
CREATE FUNCTION commons.words_sought(text TEXT) RETURNS TSQUERY
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT websearch_to_tsquery('english', commons.folded($1))
        || websearch_to_tsquery('french', commons.folded($1))
        || websearch_to_tsquery('simple', commons.folded($1))
$$;

-- A letter that is missing, doubled or wrong leaves more than half of a word's trigrams.
ALTER ROLE opentracks_commons SET pg_trgm.word_similarity_threshold = 0.5;

CREATE TABLE commons.published_words (
    activity_id UUID PRIMARY KEY REFERENCES commons.published ON DELETE CASCADE,
    words TSVECTOR NOT NULL,
    -- The title, folded: what is misspelt is found by its letters.
    title TEXT NOT NULL
);
CREATE INDEX published_words_by_word ON commons.published_words USING gin (words);
CREATE INDEX published_words_by_letters ON commons.published_words USING gin (title public.gin_trgm_ops);

-- The visible lines as maps draw them, generalised in advance for bands of zoom levels.
CREATE TABLE commons.published_lines (
    activity_id UUID NOT NULL REFERENCES commons.published ON DELETE CASCADE,
    zoom SMALLINT NOT NULL,
    line GEOMETRY(MultiLineString, 3857) NOT NULL,
    PRIMARY KEY (activity_id, zoom)
);
CREATE INDEX published_lines_by_place ON commons.published_lines USING gist (zoom, line);

-- How many visible lines start in a square of a web map. Each publication and each withdrawal writes rows of
-- its own, so that none waits for another; a job sums them up.
CREATE TABLE commons.start_counts (
    zoom SMALLINT NOT NULL,
    x INTEGER NOT NULL,
    y INTEGER NOT NULL,
    change INTEGER NOT NULL
);
CREATE INDEX start_counts_by_square ON commons.start_counts (zoom, x, y) INCLUDE (change);

-- The square of a web map that a place lies in: https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames
CREATE FUNCTION commons.count_start(start GEOGRAPHY, change INTEGER) RETURNS VOID
LANGUAGE sql VOLATILE
AS $$
    INSERT INTO commons.start_counts (zoom, x, y, change)
    SELECT zoom, least(floor((lon + 180) / 360 * 2 ^ zoom), 2 ^ zoom - 1)::integer,
           least(greatest(
               floor((1 - ln(tan(radians(lat)) + 1 / cos(radians(lat))) / pi()) / 2 * 2 ^ zoom), 0
           ), 2 ^ zoom - 1)::integer, $2
    FROM generate_series(4, 12) AS zoom, LATERAL (
        SELECT ST_X($1::geometry) AS lon, least(greatest(ST_Y($1::geometry), -85.05), 85.05) AS lat
    ) AS place
$$;

CREATE FUNCTION commons.count_published() RETURNS TRIGGER
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
CREATE TRIGGER count_published AFTER INSERT OR DELETE ON commons.published
    FOR EACH ROW EXECUTE FUNCTION commons.count_published();
