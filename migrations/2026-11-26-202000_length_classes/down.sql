DROP INDEX commons.published_lines_by_place;
ALTER TABLE commons.published_lines DROP COLUMN length_class;
CREATE INDEX published_lines_by_place ON commons.published_lines USING gist (zoom, line);
DROP FUNCTION commons.length_class;
