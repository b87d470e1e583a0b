-- The roles stay: they belong to the cluster, and other databases may use them.
DROP SCHEMA ops CASCADE;
DROP SCHEMA commons CASCADE;
DROP SCHEMA vault CASCADE;
DROP SCHEMA identity CASCADE;
DROP EXTENSION postgis;
