-- What is asked of each call, or for each publication, is planned once a connection: PostgreSQL keeps the plans of
-- functions in PL/pgSQL, and plans those in SQL again each time.
CREATE OR REPLACE FUNCTION commons.session_stands(account UUID, session UUID, at TIMESTAMPTZ) RETURNS BOOLEAN
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM identity.sessions
        WHERE sessions.account_id = $1 AND sessions.session_id = $2 AND sessions.expires_at > $3
    );
END
$$;

CREATE OR REPLACE FUNCTION commons.level_of(activity UUID, is_published BOOLEAN) RETURNS TEXT
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN CASE
        WHEN $2 THEN 'published'
        WHEN EXISTS (
            SELECT FROM commons.community_activities shared WHERE shared.activity_id = $1
        ) THEN 'community'
        WHEN EXISTS (SELECT FROM commons.links WHERE links.activity_id = $1) THEN 'link'
        ELSE 'private'
    END;
END
$$;

CREATE OR REPLACE FUNCTION commons.rating_of(activity UUID) RETURNS DOUBLE PRECISION
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (SELECT round(avg(rating), 1) FROM commons.reviews WHERE reviews.activity_id = $1 AND is_shown);
END
$$;

CREATE OR REPLACE FUNCTION commons.count_start(start GEOGRAPHY, change INTEGER) RETURNS VOID
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO commons.start_counts (zoom, x, y, change)
    SELECT zoom, least(floor((lon + 180) / 360 * 2 ^ zoom), 2 ^ zoom - 1)::integer,
           least(greatest(
               floor((1 - ln(tan(radians(lat)) + 1 / cos(radians(lat))) / pi()) / 2 * 2 ^ zoom), 0
           ), 2 ^ zoom - 1)::integer, $2
    FROM generate_series(4, 12) AS zoom, LATERAL (
        SELECT ST_X($1::geometry) AS lon, least(greatest(ST_Y($1::geometry), -85.05), 85.05) AS lat
    ) AS place;
END
$$;

CREATE OR REPLACE FUNCTION commons.count_title(words TSVECTOR, change INTEGER) RETURNS VOID
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO commons.title_words (word, change)
    SELECT lexeme, $2 FROM unnest($1) WHERE 'A' = ANY (weights) AND length(lexeme) BETWEEN 3 AND 40;
END
$$;
