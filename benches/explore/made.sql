-- Made-up activities around made-up towns: the same for the same number of rows. Run by the owner of the
-- cluster on a database that holds one published activity at least, whose numbers serve as a model.
-- `{rows}` is how many. What is done with them is in `whole.sql` and `lean.sql`.

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
CREATE INDEX ON vocabulary (word);
ANALYZE vocabulary;

CREATE TEMP VIEW making AS
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

INSERT INTO commons.communities (community_id, name, visibility, created_at)
SELECT md5('community' || n)::uuid, 'Community ' || n, 'public', '2021-01-01' FROM generate_series(1, 1000) AS n;
