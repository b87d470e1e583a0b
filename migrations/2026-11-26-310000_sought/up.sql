-- Whatever is rare is found without reading what is frequent. Each filter lies in the index that is walked from a place,
-- beside the place, or has one of its own. PostgreSQL would take the former for any of its columns, and read all of it
-- where no place is asked for: so they hold forms of the columns that nothing else asks for, true of the same rows.
DROP INDEX commons.published_by_start;
CREATE INDEX published_by_start ON commons.published USING gist
    (start, sport COLLATE "C", kind COLLATE "C", day, abs(distance_m), ascent_m, moving_s);
DROP INDEX commons.published_by_line;
CREATE INDEX published_by_line ON commons.published USING gist (line, sport COLLATE "C", abs(distance_m));
DROP INDEX commons.published_by_box;
CREATE INDEX published_by_box ON commons.published USING gist
    ((line::geometry), sport COLLATE "C", coalesce(day, '0001-01-01'::date));

CREATE INDEX published_by_sport ON commons.published
    (sport, coalesce(day, '0001-01-01'::date) DESC, activity_id DESC);
CREATE INDEX published_by_moving_time ON commons.published (coalesce(moving_s, -1));

DROP INDEX commons.community_starts_by_start;
CREATE INDEX community_starts_by_start ON commons.community_starts USING gist
    (community_id, start, sport COLLATE "C", kind COLLATE "C", day, abs(distance_m));
DROP INDEX commons.community_starts_by_line;
CREATE INDEX community_starts_by_line ON commons.community_starts USING gist
    (community_id, line, sport COLLATE "C", abs(distance_m));
