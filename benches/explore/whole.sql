-- All that a server would have stored of them, with words and lines for maps.

CREATE TEMP TABLE made AS SELECT * FROM making;

CREATE TEMP VIEW drawn AS
SELECT made.*, ST_Multi(ST_SetSRID(ST_Translate(line, ST_X(start), ST_Y(start)), 4326)) AS line
FROM made JOIN shapes USING (shape);

-- Indexes are made once the rows are there: several times as fast.
CREATE TEMP TABLE indexes AS
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made_by
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = 'commons'::regnamespace AND NOT indisunique AND relname IN
    ('renditions', 'published', 'published_lines', 'community_starts', 'start_counts',
     'title_words');
DO $$ DECLARE index RECORD; BEGIN
    FOR index IN SELECT * FROM indexes LOOP EXECUTE 'DROP INDEX ' || index.name; END LOOP;
END $$;

INSERT INTO commons.members (member_id, public_name)
SELECT DISTINCT ON (author_id) author_id, 'Member ' || n FROM made;

INSERT INTO commons.renditions (activity_id, author_id, visibility, kind, sport, title, description, day,
                                statistics, waypoints, is_counted)
SELECT activity_id, author_id, CASE WHEN is_published THEN 'published' ELSE 'community' END, kind, sport, title,
    'Along the river and back over the hill.', day, (model.statistics::jsonb || jsonb_build_object(
        'distance_m', distance_m, 'ascent_m', ascent_m, 'moving_s', moving_s))::json, '[]', true
FROM made, (SELECT statistics FROM commons.renditions WHERE statistics ->> 'moving_s' IS NOT NULL LIMIT 1) AS model;

INSERT INTO commons.published (activity_id, start, kind, sport, distance_m, ascent_m, author_id, day, moving_s, line,
                               words)
SELECT activity_id, start::geography, kind, sport, distance_m, ascent_m, author_id, day, moving_s, line::geography,
    commons.words_of(title, 'Along the river and back over the hill.')
FROM drawn WHERE is_published;
INSERT INTO commons.title_words (word, change)
SELECT lexeme, count(*) FROM commons.published, unnest(words)
WHERE 'A' = ANY (weights) AND length(lexeme) BETWEEN 3 AND 40 GROUP BY lexeme;

INSERT INTO commons.published_lines (activity_id, zoom, line, length_class)
SELECT activity_id, zoom, ST_Multi(ST_Simplify(ST_Transform(line, 3857), 40075016.7 / 2 ^ (zoom + 12))),
    commons.length_class(distance_m)
FROM drawn, unnest(ARRAY[10, 13, 16]) AS zoom WHERE is_published;

INSERT INTO commons.start_counts (zoom, x, y, change)
SELECT zoom, x, y, count(*) FROM (
    SELECT zoom, floor((ST_X(start) + 180) / 360 * 2 ^ zoom)::integer AS x,
        floor((1 - ln(tan(radians(ST_Y(start))) + 1 / cos(radians(ST_Y(start)))) / pi()) / 2 * 2 ^ zoom)::integer AS y
    FROM made, generate_series(4, 12) AS zoom WHERE is_published
) AS squares GROUP BY zoom, x, y;

INSERT INTO commons.memberships (community_id, member_id, role, joined_at)
SELECT DISTINCT md5('community' || community)::uuid, author_id, 'member', TIMESTAMPTZ '2021-01-01'
FROM made WHERE is_shared OR NOT is_published;
INSERT INTO commons.community_activities (community_id, activity_id, author_id)
SELECT md5('community' || community)::uuid, activity_id, author_id FROM made WHERE is_shared OR NOT is_published;
INSERT INTO commons.community_starts (community_id, activity_id, start, line, author_id, kind, sport, day,
                                      distance_m, ascent_m, moving_s)
SELECT md5('community' || community)::uuid, activity_id, start::geography, line::geography, author_id, kind, sport,
    day, distance_m, ascent_m, moving_s
FROM drawn WHERE is_shared OR NOT is_published;

DO $$ DECLARE index RECORD; BEGIN
    FOR index IN SELECT * FROM indexes LOOP EXECUTE index.made_by; END LOOP;
END $$;
RESET session_replication_role;
VACUUM ANALYZE;
