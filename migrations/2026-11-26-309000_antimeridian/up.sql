-- Lines that were published before lie uncut over the antimeridian: a map drew them, and a box found them, all
-- round the world. Parts of which the shorter way is over it are cut there.
CREATE FUNCTION commons.cut_at_antimeridian(line GEOMETRY) RETURNS GEOMETRY
LANGUAGE sql IMMUTABLE
AS $$
    SELECT ST_Multi(ST_Collect(pieces.geom ORDER BY parts.path, pieces.path))
    FROM ST_Dump($1) AS parts
    CROSS JOIN LATERAL (SELECT ST_ShiftLongitude(parts.geom) AS shifted) AS turned
    CROSS JOIN LATERAL ST_Dump(CASE
        WHEN ST_XMax(parts.geom) - ST_XMin(parts.geom) > 180 AND ST_XMax(shifted) - ST_XMin(shifted) < 180
        THEN ST_CollectionExtract(ST_WrapX(shifted, 180, -360), 2)
        ELSE parts.geom
    END) AS pieces
$$;

UPDATE commons.published SET line = commons.cut_at_antimeridian(line::geometry)::geography
WHERE ST_XMax(line::geometry) - ST_XMin(line::geometry) > 180;
UPDATE commons.community_starts SET line = commons.cut_at_antimeridian(line::geometry)::geography
WHERE ST_XMax(line::geometry) - ST_XMin(line::geometry) > 180;
-- Half the width of the map.
UPDATE commons.published_lines
SET line = ST_Transform(commons.cut_at_antimeridian(ST_Transform(line, 4326)), 3857)
WHERE ST_XMax(line) - ST_XMin(line) > 20037508.342789244;

DROP FUNCTION commons.cut_at_antimeridian;
