-- Where the points of interest of what is published lie: what they are called is read from their rendition.
CREATE TABLE commons.published_waypoints (
    activity_id UUID NOT NULL REFERENCES commons.published ON DELETE CASCADE,
    -- Which of its rendition, counted from 0.
    number SMALLINT NOT NULL,
    place GEOMETRY(Point, 4326) NOT NULL,
    PRIMARY KEY (activity_id, number)
);
CREATE INDEX published_waypoints_by_place ON commons.published_waypoints USING gist (place);

INSERT INTO commons.published_waypoints (activity_id, number, place)
SELECT activity_id, number - 1,
       ST_SetSRID(ST_MakePoint((waypoint ->> 'lon_e7')::float8 / 1e7, (waypoint ->> 'lat_e7')::float8 / 1e7), 4326)
FROM commons.published JOIN commons.renditions USING (activity_id),
     jsonb_array_elements(waypoints) WITH ORDINALITY AS each (waypoint, number);
