-- Problem reports, accounts that are no longer used, and whether what was promised is erased in time.
-- Every column is explained in src/privacy/inventory.rs.

-- Who sent a report is not kept, signed in or not.
CREATE TABLE ops.diagnostics (
    report_id UUID PRIMARY KEY,
    content BYTEA NOT NULL,
    received_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX diagnostics_by_time ON ops.diagnostics (received_at);

-- The day of the last contact, and no more. The default is for programs that do not know the column.
ALTER TABLE identity.accounts ADD COLUMN last_contact_on DATE NOT NULL DEFAULT CURRENT_DATE;
UPDATE identity.accounts SET last_contact_on = coalesce(
    (SELECT max(rotated_at) FROM identity.sessions WHERE sessions.account_id = accounts.account_id),
    created_at
)::date;
-- How often its owner was warned since then, and when last; after two warnings it is closed.
ALTER TABLE identity.accounts ADD COLUMN warnings SMALLINT NOT NULL DEFAULT 0
    CHECK (warnings BETWEEN 0 AND 3);
ALTER TABLE identity.accounts ADD COLUMN warned_on DATE;
CREATE INDEX accounts_by_contact ON identity.accounts (last_contact_on);

-- When a task was last carried through, which is not when it was last begun.
ALTER TABLE ops.schedule ADD COLUMN done_at TIMESTAMPTZ;
UPDATE ops.schedule SET done_at = ran_at;
