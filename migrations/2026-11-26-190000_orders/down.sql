DROP INDEX commons.published_by_ascent;
DROP INDEX commons.published_by_length;
DROP INDEX commons.published_by_day;
CREATE INDEX published_by_day ON commons.published (day DESC NULLS LAST, activity_id DESC);
