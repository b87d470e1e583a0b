CREATE OR REPLACE FUNCTION commons.session_stands(account UUID, session UUID, at TIMESTAMPTZ) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT EXISTS (
        SELECT FROM identity.sessions
        WHERE sessions.account_id = $1 AND sessions.session_id = $2 AND sessions.expires_at > $3
    )
$$;

CREATE OR REPLACE FUNCTION commons.level_of(activity UUID, is_published BOOLEAN) RETURNS TEXT
LANGUAGE sql STABLE
AS $$
    SELECT CASE
        WHEN $2 THEN 'published'
        WHEN EXISTS (
            SELECT FROM commons.community_activities shared WHERE shared.activity_id = $1
        ) THEN 'community'
        WHEN EXISTS (SELECT FROM commons.links WHERE links.activity_id = $1) THEN 'link'
        ELSE 'private'
    END
$$;

CREATE OR REPLACE FUNCTION commons.rating_of(activity UUID) RETURNS DOUBLE PRECISION
LANGUAGE sql STABLE
AS $$
    SELECT round(avg(rating), 1)::float8 FROM commons.reviews WHERE reviews.activity_id = $1 AND is_shown
$$;

CREATE OR REPLACE FUNCTION commons.count_start(start GEOGRAPHY, change INTEGER) RETURNS VOID
LANGUAGE sql
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

CREATE OR REPLACE FUNCTION commons.count_title(words TSVECTOR, change INTEGER) RETURNS VOID
LANGUAGE sql
AS $$
    INSERT INTO commons.title_words (word, change)
    SELECT lexeme, $2 FROM unnest($1) WHERE 'A' = ANY (weights) AND length(lexeme) BETWEEN 3 AND 40
$$;
