-- Each order in which one searches has an index, in its very words: without, all is read and sorted.
DROP INDEX commons.published_by_day;
CREATE INDEX published_by_day ON commons.published (coalesce(day, '0001-01-01'::date) DESC, activity_id DESC);
CREATE INDEX published_by_length ON commons.published (distance_m DESC, activity_id DESC);
CREATE INDEX published_by_ascent ON commons.published (coalesce(ascent_m, -1) DESC, activity_id DESC);
