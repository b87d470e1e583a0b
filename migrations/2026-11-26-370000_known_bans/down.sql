ALTER TABLE commons.bans DROP COLUMN was_known;
