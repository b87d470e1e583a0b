DROP TABLE ops.erasures;
-- What has no author cannot be shared with a community any more.
DELETE FROM commons.community_starts WHERE author_id IS NULL;
DELETE FROM commons.community_activities WHERE author_id IS NULL;
ALTER TABLE commons.community_starts ALTER COLUMN author_id SET NOT NULL;
ALTER TABLE commons.community_activities ALTER COLUMN author_id SET NOT NULL;
DELETE FROM identity.codes WHERE purpose = 'erasure';
ALTER TABLE identity.codes DROP CONSTRAINT codes_purpose_check;
ALTER TABLE identity.codes ADD CONSTRAINT codes_purpose_check CHECK (purpose IN ('password_reset'));
ALTER TABLE identity.accounts DROP COLUMN erase_at;
