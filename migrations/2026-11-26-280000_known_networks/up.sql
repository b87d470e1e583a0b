-- From where accounts signed in, so that who guesses passwords elsewhere does not lock their owners out there. Every
-- column is explained in src/privacy/inventory.rs.
CREATE TABLE identity.known_networks (
    account_id UUID NOT NULL REFERENCES identity.accounts ON DELETE CASCADE,
    -- A MAC of the account and the network: it tells neither where that is, nor who else was there.
    network_hash BYTEA NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, network_hash)
);
CREATE INDEX known_networks_by_time ON identity.known_networks (seen_at);
