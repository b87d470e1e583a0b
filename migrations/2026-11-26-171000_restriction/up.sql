-- Restriction of processing: the data stay, and nothing uses them. Every column is explained in
-- src/privacy/inventory.rs.

-- Since when its owner lets nothing be done with an account's data.
ALTER TABLE identity.accounts ADD COLUMN restricted_at TIMESTAMPTZ;
-- What jobs pass by.
CREATE INDEX accounts_restricted ON identity.accounts (account_id) WHERE restricted_at IS NOT NULL;

-- The same, as far as those behind the wall need it: nobody else sees the member.
ALTER TABLE commons.members ADD COLUMN is_hidden BOOLEAN NOT NULL DEFAULT false;
