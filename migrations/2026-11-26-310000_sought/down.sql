DROP INDEX commons.community_starts_by_line;
CREATE INDEX community_starts_by_line ON commons.community_starts USING gist (community_id, line);
DROP INDEX commons.community_starts_by_start;
CREATE INDEX community_starts_by_start
    ON commons.community_starts USING gist (community_id, start, sport, kind, day);

DROP INDEX commons.published_by_moving_time;
DROP INDEX commons.published_by_sport;
DROP INDEX commons.published_by_box;
CREATE INDEX published_by_box ON commons.published USING gist ((line::geometry), sport, day);
DROP INDEX commons.published_by_line;
CREATE INDEX published_by_line ON commons.published USING gist (line);
DROP INDEX commons.published_by_start;
CREATE INDEX published_by_start ON commons.published USING gist (start, sport, kind, day, distance_m);
