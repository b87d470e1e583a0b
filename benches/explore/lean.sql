-- What nearby reads of them and nothing else, for a size at which all would not fit: straight lines, no words, no
-- communities, and renditions of those alone that are the nearest of the places that are asked about.

DO $$ DECLARE index RECORD; BEGIN
    FOR index IN SELECT indexrelid::regclass AS name FROM pg_index
        WHERE indrelid = 'commons.published'::regclass AND NOT indisunique
    LOOP EXECUTE 'DROP INDEX ' || index.name; END LOOP;
END $$;

INSERT INTO commons.published (activity_id, start, kind, sport, distance_m, ascent_m, author_id, day, moving_s, line,
                               words)
SELECT activity_id, start::geography, kind, sport, distance_m, ascent_m, author_id, day, moving_s,
    ST_Multi(ST_MakeLine(ST_SetSRID(start, 4326), ST_SetSRID(ST_Translate(start, 0.01, 0.01), 4326)))::geography, ''
FROM making WHERE is_published;
CREATE INDEX published_by_start ON commons.published USING gist
    (start, sport COLLATE "C", kind COLLATE "C", day, abs(distance_m), ascent_m, moving_s);
ANALYZE commons.published;

-- In the order in which the bench chooses its places.
CREATE TEMP TABLE near AS
SELECT DISTINCT near.* FROM (
    SELECT ST_SetSRID(ST_MakePoint(ST_X(start::geometry) + 0.01, ST_Y(start::geometry) - 0.01), 4326)::geography AS here
    FROM commons.published ORDER BY md5(activity_id::text) LIMIT 200
) AS places CROSS JOIN LATERAL (
    SELECT activity_id, author_id, kind, sport, day, distance_m FROM commons.published
    ORDER BY start <-> here LIMIT 50
) AS near;
INSERT INTO commons.renditions (activity_id, author_id, visibility, kind, sport, title, day, statistics, waypoints,
                                is_counted)
SELECT activity_id, author_id, 'published', kind, sport, 'Morning run', day, model.statistics, '[]', true
FROM near, (SELECT statistics FROM commons.renditions WHERE statistics ->> 'moving_s' IS NOT NULL LIMIT 1) AS model
ON CONFLICT DO NOTHING;
INSERT INTO commons.members (member_id, public_name)
SELECT DISTINCT author_id, 'Member ' || left(author_id::text, 8) FROM near ON CONFLICT DO NOTHING;
RESET session_replication_role;
VACUUM ANALYZE;
