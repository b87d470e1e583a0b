-- Names that nobody else bears, and addresses that change. Every column is explained in
-- src/privacy/inventory.rs.

-- A public name as others read it, whatever letters it is made of: one bears it, and for a while after
-- it was let go nobody else does. Unique over all accounts, like the addresses. What stands for a name
-- is a MAC, so that the table does not tell who was called what.
CREATE TABLE identity.public_names (
    name_hash BYTEA PRIMARY KEY,
    -- Who bears it, or bore it last; nobody once their account is gone.
    account_id UUID,
    -- When another may bear it; null while it is borne.
    free_at TIMESTAMPTZ,
    CHECK (account_id IS NOT NULL OR free_at IS NOT NULL)
);
CREATE UNIQUE INDEX public_names_borne ON identity.public_names (account_id) WHERE free_at IS NULL;
CREATE INDEX public_names_by_account ON identity.public_names (account_id);
CREATE INDEX public_names_by_expiry ON identity.public_names (free_at) WHERE free_at IS NOT NULL;

-- An address that is to take the place of an account's, once both are proved.
CREATE TABLE identity.email_changes (
    account_id UUID PRIMARY KEY REFERENCES identity.accounts ON DELETE CASCADE,
    email BYTEA NOT NULL,
    old_code_hash BYTEA NOT NULL,
    new_code_hash BYTEA NOT NULL,
    attempts_left SMALLINT NOT NULL CHECK (attempts_left >= 0),
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX email_changes_by_expiry ON identity.email_changes (expires_at);
