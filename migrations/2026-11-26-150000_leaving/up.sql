-- Leaving: accounts that are to be erased, the ledger of erasures, and works without an author. Every
-- column is explained in src/privacy/inventory.rs.

-- When the account is erased, once its owner has asked for it. From the asking on nothing of it is
-- shown, and nobody signs in to it.
ALTER TABLE identity.accounts ADD COLUMN erase_at TIMESTAMPTZ;

ALTER TABLE identity.codes DROP CONSTRAINT codes_purpose_check;
ALTER TABLE identity.codes ADD CONSTRAINT codes_purpose_check
    CHECK (purpose IN ('password_reset', 'erasure'));

-- What was shared with a community by somebody who has left, or is about to, has no author. Nothing is
-- asked of a key that is null in part.
ALTER TABLE commons.community_activities ALTER COLUMN author_id DROP NOT NULL;
ALTER TABLE commons.community_starts ALTER COLUMN author_id DROP NOT NULL;

-- Who asked to be erased, and how far it has come. Rows outlive their accounts by as long as a backup
-- may: a database that is restored learns from them whom to erase again.
CREATE TABLE ops.erasures (
    erasure_id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    choices BYTEA NOT NULL,
    -- What taking it back needs, and which texts occur twice; both go with the account's key.
    remembered BYTEA,
    texts BYTEA,
    requested_at TIMESTAMPTZ NOT NULL,
    erase_at TIMESTAMPTZ NOT NULL,
    anonymised INTEGER NOT NULL DEFAULT 0 CHECK (anonymised >= 0),
    erased INTEGER NOT NULL DEFAULT 0 CHECK (erased >= 0),
    -- Whether it is also written down outside the database.
    is_noted BOOLEAN NOT NULL DEFAULT false,
    told_at TIMESTAMPTZ,
    undone_at TIMESTAMPTZ,
    done_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ
);
-- At most one is under way.
CREATE UNIQUE INDEX erasures_open ON ops.erasures (account_id) WHERE undone_at IS NULL AND done_at IS NULL;
CREATE INDEX erasures_by_expiry ON ops.erasures (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX erasures_unnoted ON ops.erasures (erasure_id) WHERE NOT is_noted;
