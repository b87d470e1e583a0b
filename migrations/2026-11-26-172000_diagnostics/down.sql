ALTER TABLE ops.schedule DROP COLUMN done_at;
DROP INDEX identity.accounts_by_contact;
ALTER TABLE identity.accounts DROP COLUMN warned_on;
ALTER TABLE identity.accounts DROP COLUMN warnings;
ALTER TABLE identity.accounts DROP COLUMN last_contact_on;
DROP TABLE ops.diagnostics;
