-- As they were written: a list passes them on, and JSONB is written out anew each time it is read.
ALTER TABLE commons.renditions ALTER COLUMN statistics TYPE JSON;
-- What a point of interest is called and is about: a page of them must not read each activity once a point.
ALTER TABLE commons.published_waypoints ADD COLUMN waypoint JSON;
UPDATE commons.published_waypoints AS point SET waypoint = (
    SELECT waypoints -> point.number::int FROM commons.renditions
    WHERE renditions.activity_id = point.activity_id
);
ALTER TABLE commons.published_waypoints ALTER COLUMN waypoint SET NOT NULL;
