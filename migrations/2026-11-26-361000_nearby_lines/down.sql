DROP INDEX commons.community_starts_by_line;
CREATE INDEX community_starts_by_line ON commons.community_starts USING gist
    (community_id, line, sport COLLATE "C", abs(distance_m));
DROP INDEX commons.community_starts_by_start;
CREATE INDEX community_starts_by_start ON commons.community_starts USING gist
    (community_id, start, sport COLLATE "C", kind COLLATE "C", day, abs(distance_m));

DROP INDEX commons.published_by_line;
CREATE INDEX published_by_line ON commons.published USING gist (line, sport COLLATE "C", abs(distance_m));
DROP INDEX commons.published_by_start;
CREATE INDEX published_by_start ON commons.published USING gist
    (start, sport COLLATE "C", kind COLLATE "C", day, abs(distance_m), ascent_m, moving_s);
