ALTER TABLE commons.members DROP COLUMN is_hidden;
DROP INDEX identity.accounts_restricted;
ALTER TABLE identity.accounts DROP COLUMN restricted_at;
