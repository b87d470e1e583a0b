-- A tile has room for so many lines: where there are more, the longest are drawn. They are kept apart by
-- length, so that a tile reads no more of them than it draws.
CREATE FUNCTION commons.length_class(distance_m DOUBLE PRECISION) RETURNS SMALLINT
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT width_bucket($1, ARRAY[500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000]::float8[])::smallint
$$;
CREATE FUNCTION commons.length_class_of(id UUID) RETURNS SMALLINT
LANGUAGE sql STABLE
AS $$ SELECT commons.length_class(distance_m) FROM commons.published WHERE activity_id = $1 $$;

DROP INDEX commons.published_lines_by_place;
ALTER TABLE commons.published_lines ADD COLUMN length_class SMALLINT;
ALTER TABLE commons.published_lines
    ALTER COLUMN length_class TYPE SMALLINT USING commons.length_class_of(activity_id),
    ALTER COLUMN length_class SET NOT NULL;
CREATE INDEX published_lines_by_place ON commons.published_lines USING gist (zoom, length_class, line);

DROP FUNCTION commons.length_class_of;
