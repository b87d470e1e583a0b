DROP TABLE commons.published_waypoints;
