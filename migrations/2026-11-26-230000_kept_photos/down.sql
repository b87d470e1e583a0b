ALTER TABLE ops.erasures DROP COLUMN photos;
