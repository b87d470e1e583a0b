DROP INDEX commons.community_starts_by_line;
CREATE INDEX community_starts_by_line ON commons.community_starts USING gist
    (community_id, line, sport COLLATE "C", abs(distance_m));

DROP INDEX commons.published_by_line;
CREATE INDEX published_by_line ON commons.published USING gist (line, sport COLLATE "C", abs(distance_m));
