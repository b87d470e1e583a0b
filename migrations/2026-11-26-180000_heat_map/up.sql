-- A map of where many go, made of what its authors agreed to. Every column is explained in
-- src/privacy/inventory.rs.

-- What an account agreed to and took back: a ledger, of which the last row of a kind counts.
CREATE TABLE vault.consents (
    account_id UUID NOT NULL REFERENCES identity.accounts ON DELETE CASCADE,
    consent TEXT NOT NULL CHECK (consent IN ('heat_map')),
    decided_at TIMESTAMPTZ NOT NULL,
    is_given BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, consent, decided_at)
);

-- Squares of a web map that the published lines of five members at least pass through.
CREATE TABLE commons.heat_cells (
    zoom SMALLINT NOT NULL,
    x INTEGER NOT NULL,
    y INTEGER NOT NULL,
    -- How many at least: one of a few round numbers.
    members INTEGER NOT NULL CHECK (members >= 5),
    PRIMARY KEY (zoom, x, y)
);
