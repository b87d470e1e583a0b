-- Made-up activities around made-up towns: the same for the same number of rows. Run by the owner of the
-- cluster on a database that holds one published activity at least, whose numbers serve as a model.
-- `{rows}` is how many; `{drawn}` whether there are words and lines for maps as well.

SET session_replication_role = replica; -- neither triggers nor foreign keys: all of it fits together
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SET max_parallel_workers_per_gather = 0; -- random() is asked in one order
SELECT setseed(0.42);

CREATE TEMP TABLE towns AS
SELECT town, -9 + 38 * random() AS lon, 37 + 20 * random() AS lat, 0.01 + 0.06 * random() AS spread
FROM generate_series(1, 2000) AS town;

-- Walks of 60 points that wander round where they start.
CREATE TEMP TABLE shapes AS
SELECT shape, ST_MakeLine(ST_MakePoint(
    0.004 * bend * (sin(step * pace) + step / 30.0), 0.003 * bend * (1 - cos(step * pace * turn))
) ORDER BY step) AS line
FROM (
    SELECT shape, 0.5 + random() * 2 AS bend, 0.05 + random() * 0.2 AS pace, 0.5 + random() AS turn
    FROM generate_series(1, 500) AS shape
) AS drawn, generate_series(0, 59) AS step
GROUP BY shape;

CREATE TEMP TABLE vocabulary AS
SELECT word, (ARRAY['ba','do','ler','mon','ti','sa','vel','ur','kan','ri','sto','ple'])[1 + word % 12]
    || (ARRAY['ven','gor','la','shi','tour','mar','nes','wick','pol','fa','den','cé'])[1 + word / 12 % 12]
    || (ARRAY['a','o','berg','ton','ville','n','es','is','y','um','eau','k'])[1 + word / 144 % 12] AS name
FROM generate_series(0, 1727) AS word;

CREATE TEMP TABLE made AS
SELECT n, md5('activity' || n)::uuid AS activity_id, md5('member' || (n % (1 + {rows} / 20)))::uuid AS author_id,
    ST_MakePoint(lon + spread * reach * cos(turn), lat + spread * reach * sin(turn)) AS start,
    shape, random() < 0.9 AS is_published, 1 + floor(1000 * random() ^ 3)::integer AS community,
    random() < 0.1 AS is_shared,
    CASE WHEN kind < 0.9 THEN 'recorded' ELSE 'planned' END AS kind,
    CASE WHEN sport < 0.42 THEN 'running' WHEN sport < 0.7 THEN 'cycling' WHEN sport < 0.85 THEN 'hiking'
        WHEN sport < 0.95 THEN 'walking' WHEN sport < 0.999 THEN 'mountain_biking' ELSE 'rowing' END AS sport,
    exp(8 + 1.2 * length)::float8 AS distance_m, exp(8 + 1.2 * length) * 0.02 * steep AS ascent_m,
    exp(8 + 1.2 * length) / (2 + 6 * steep) AS moving_s,
    DATE '2021-01-01' + floor(2100 * random())::integer AS day,
    (ARRAY['Morning run','Evening ride','Tour','Boucle','Randonnée','Walk'])[1 + floor(6 * random())::integer]
        || ' ' || (SELECT name FROM vocabulary WHERE word = floor(1728 * about ^ 2)::integer) AS title
FROM (
    SELECT n, 1 + floor(2000 * random() ^ 2.5)::integer AS town, 2 * pi() * random() AS turn,
        sqrt(-2 * ln(1 - random())) AS reach, 1 + floor(500 * random())::integer AS shape,
        random() AS kind, random() AS sport, random() AS steep, random() AS about,
        sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS length
    FROM generate_series(1, {rows}) AS n
) AS drawn JOIN towns USING (town);

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
    'Along the river and back over the hill.', day, model.statistics || jsonb_build_object(
        'distance_m', distance_m, 'ascent_m', ascent_m, 'moving_s', moving_s), '[]', true
FROM made, (SELECT statistics FROM commons.renditions WHERE statistics ->> 'moving_s' IS NOT NULL LIMIT 1) AS model;

INSERT INTO commons.published (activity_id, start, kind, sport, distance_m, ascent_m, author_id, day, moving_s, line,
                               words)
SELECT activity_id, start::geography, kind, sport, distance_m, ascent_m, author_id, day, moving_s, line::geography,
    CASE WHEN {drawn} THEN commons.words_of(title, 'Along the river and back over the hill.') ELSE '' END
FROM drawn WHERE is_published;
INSERT INTO commons.title_words (word, change)
SELECT lexeme, count(*) FROM commons.published, unnest(words)
WHERE 'A' = ANY (weights) AND length(lexeme) BETWEEN 3 AND 40 GROUP BY lexeme;

INSERT INTO commons.published_lines (activity_id, zoom, line, length_class)
SELECT activity_id, zoom, ST_Multi(ST_Simplify(ST_Transform(line, 3857), 40075016.7 / 2 ^ (zoom + 12))),
    commons.length_class(distance_m)
FROM drawn, unnest(ARRAY[10, 13, 16]) AS zoom WHERE is_published AND {drawn};

INSERT INTO commons.start_counts (zoom, x, y, change)
SELECT zoom, x, y, count(*) FROM (
    SELECT zoom, floor((ST_X(start) + 180) / 360 * 2 ^ zoom)::integer AS x,
        floor((1 - ln(tan(radians(ST_Y(start))) + 1 / cos(radians(ST_Y(start)))) / pi()) / 2 * 2 ^ zoom)::integer AS y
    FROM made, generate_series(4, 12) AS zoom WHERE is_published
) AS squares GROUP BY zoom, x, y;

INSERT INTO commons.communities (community_id, name, visibility, created_at)
SELECT md5('community' || n)::uuid, 'Community ' || n, 'public', '2021-01-01' FROM generate_series(1, 1000) AS n;
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
