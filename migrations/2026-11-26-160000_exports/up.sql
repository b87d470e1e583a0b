-- Archives: what an account is handed over in, and taken in from. Every column is explained in
-- src/privacy/inventory.rs.

CREATE TABLE vault.archives (
    account_id UUID NOT NULL REFERENCES identity.accounts ON DELETE CASCADE,
    archive_id UUID NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('export', 'import')),
    state TEXT NOT NULL CHECK (state IN ('receiving', 'working', 'finished', 'failed')),
    -- Counts the steps that are done: a step is taken once.
    step INTEGER NOT NULL DEFAULT 0 CHECK (step >= 0),
    -- How many activities are done, of how many.
    done INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),
    total INTEGER NOT NULL DEFAULT 0 CHECK (total >= 0),
    -- Where to go on, and what became of it.
    progress BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, archive_id)
);
-- One at a time.
CREATE UNIQUE INDEX archives_at_work ON vault.archives (account_id, direction)
    WHERE state IN ('receiving', 'working');
CREATE INDEX archives_by_expiry ON vault.archives (expires_at);

-- An archive lies in the blob store in segments of some MiB, each sealed for its place in the row
-- of them. While an export is made, its directory grows beside its content.
CREATE TABLE vault.archive_segments (
    account_id UUID NOT NULL,
    archive_id UUID NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('content', 'directory')),
    number INTEGER NOT NULL CHECK (number >= 0),
    blob UUID NOT NULL,
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (account_id, archive_id, role, number),
    FOREIGN KEY (account_id, archive_id) REFERENCES vault.archives ON DELETE CASCADE
);
