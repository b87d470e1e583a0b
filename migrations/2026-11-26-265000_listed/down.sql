ALTER TABLE commons.published_waypoints DROP COLUMN waypoint;
ALTER TABLE commons.renditions ALTER COLUMN statistics TYPE JSONB;
