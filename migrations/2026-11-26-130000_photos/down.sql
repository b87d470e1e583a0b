DROP TABLE ops.photo_ids;
DROP TABLE commons.community_pictures;
DROP TABLE commons.member_pictures;
DROP TABLE commons.photos;
DROP TABLE vault.photos;
ALTER TABLE vault.activities DROP COLUMN photos_version;
