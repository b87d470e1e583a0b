-- The vault and the commons. Every column is explained in src/privacy/inventory.rs.

CREATE EXTENSION IF NOT EXISTS postgis;

CREATE SCHEMA identity;
CREATE SCHEMA vault;
CREATE SCHEMA commons;
CREATE SCHEMA ops;

-- Two logins stand behind the server: one acts for owners and for jobs, the other for everybody
-- else. The wall between vault and commons is that the second has no privilege on the first's
-- schemas, whatever its SQL says.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'opentracks_owner') THEN
        CREATE ROLE opentracks_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'opentracks_commons') THEN
        CREATE ROLE opentracks_commons LOGIN;
    END IF;
END
$$;

-- No statement runs for long, whoever sends it.
ALTER ROLE opentracks_owner SET statement_timeout = '10s';
ALTER ROLE opentracks_owner SET lock_timeout = '5s';
ALTER ROLE opentracks_owner SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE opentracks_commons SET statement_timeout = '5s';
ALTER ROLE opentracks_commons SET default_transaction_read_only = on;

GRANT USAGE ON SCHEMA identity, vault, commons, ops TO opentracks_owner;
GRANT USAGE ON SCHEMA commons TO opentracks_commons;
ALTER DEFAULT PRIVILEGES IN SCHEMA identity, vault, commons, ops
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO opentracks_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA commons GRANT SELECT ON TABLES TO opentracks_commons;

-- ── identity: who signs in ──────────────────────────────────────────────────────────────────────

CREATE TABLE identity.accounts (
    account_id UUID PRIMARY KEY,
    email BYTEA NOT NULL,
    password_hash TEXT,
    profile BYTEA NOT NULL,
    locale TEXT NOT NULL CHECK (locale IN ('en', 'fr')),
    policy_version TEXT NOT NULL,
    policy_accepted_at TIMESTAMPTZ NOT NULL,
    -- Counts the changes of the account's zones: what was made for others under fewer is out of date.
    zones_version INTEGER NOT NULL DEFAULT 0 CHECK (zones_version >= 0),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE identity.account_keys (
    account_id UUID PRIMARY KEY REFERENCES identity.accounts ON DELETE CASCADE,
    wrapped BYTEA NOT NULL
);

-- Unique over all accounts, hence a shared table beside those that belong to an account. Shared
-- tables, here and in ops, refer to accounts without a foreign key: accounts may live elsewhere.
CREATE TABLE identity.addresses (
    email_hash BYTEA PRIMARY KEY,
    account_id UUID NOT NULL UNIQUE
);

CREATE TABLE identity.registrations (
    registration_id UUID PRIMARY KEY,
    email_hash BYTEA NOT NULL,
    content BYTEA NOT NULL,
    code_hash BYTEA,
    attempts_left SMALLINT NOT NULL CHECK (attempts_left >= 0),
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX registrations_by_address ON identity.registrations (email_hash);
CREATE INDEX registrations_by_expiry ON identity.registrations (expires_at);

CREATE TABLE identity.sessions (
    account_id UUID NOT NULL REFERENCES identity.accounts ON DELETE CASCADE,
    session_id UUID NOT NULL,
    device BYTEA NOT NULL,
    salt BYTEA NOT NULL,
    generation INTEGER NOT NULL CHECK (generation > 0),
    created_at TIMESTAMPTZ NOT NULL,
    rotated_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, session_id)
);
CREATE INDEX sessions_by_expiry ON identity.sessions (expires_at);

CREATE TABLE identity.codes (
    account_id UUID NOT NULL REFERENCES identity.accounts ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('password_reset')),
    code_hash BYTEA NOT NULL,
    attempts_left SMALLINT NOT NULL CHECK (attempts_left >= 0),
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, purpose)
);
CREATE INDEX codes_by_expiry ON identity.codes (expires_at);

-- ── vault: what its owner alone reads ───────────────────────────────────────────────────────────

CREATE TABLE vault.activities (
    account_id UUID NOT NULL REFERENCES identity.accounts ON DELETE CASCADE,
    activity_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('recorded', 'planned')),
    sport TEXT NOT NULL,
    visibility TEXT NOT NULL DEFAULT 'private'
        CHECK (visibility IN ('private', 'link', 'community', 'published')),
    started_at TIMESTAMPTZ,
    distance_m DOUBLE PRECISION NOT NULL CHECK (distance_m >= 0),
    moving_s DOUBLE PRECISION CHECK (moving_s >= 0),
    details BYTEA NOT NULL,
    -- Whether others have a rendition of it, and under which zones that was made.
    is_shown BOOLEAN NOT NULL DEFAULT false,
    zones_version INTEGER NOT NULL DEFAULT 0 CHECK (zones_version >= 0),
    version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, activity_id)
);
-- Newest first; what has no start comes by when it was kept.
CREATE INDEX activities_by_time
    ON vault.activities (account_id, (COALESCE(started_at, created_at)) DESC, activity_id DESC);

-- What others have or had a rendition of, to be remade when zones change.
CREATE INDEX activities_shared
    ON vault.activities (account_id, zones_version) WHERE visibility <> 'private';

CREATE TABLE vault.zones (
    account_id UUID NOT NULL REFERENCES identity.accounts ON DELETE CASCADE,
    zone_id UUID NOT NULL,
    content BYTEA NOT NULL,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, zone_id)
);

CREATE TABLE vault.tracks (
    account_id UUID NOT NULL,
    activity_id UUID NOT NULL,
    track BYTEA NOT NULL,
    PRIMARY KEY (account_id, activity_id),
    FOREIGN KEY (account_id, activity_id) REFERENCES vault.activities ON DELETE CASCADE
);
-- Sealed bytes do not compress.
ALTER TABLE vault.tracks ALTER COLUMN track SET STORAGE EXTERNAL;

CREATE TABLE vault.originals (
    account_id UUID NOT NULL,
    activity_id UUID NOT NULL,
    blob UUID NOT NULL,
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (account_id, activity_id),
    FOREIGN KEY (account_id, activity_id) REFERENCES vault.activities ON DELETE CASCADE
);

-- ── commons: what others may see, cut and cleaned before it is stored ───────────────────────────

CREATE TABLE commons.members (
    member_id UUID PRIMARY KEY,
    public_name TEXT NOT NULL
);

CREATE TABLE commons.renditions (
    activity_id UUID PRIMARY KEY,
    author_id UUID REFERENCES commons.members ON DELETE SET NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('link', 'community', 'published')),
    kind TEXT NOT NULL CHECK (kind IN ('recorded', 'planned')),
    sport TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    day DATE,
    statistics JSONB NOT NULL,
    waypoints JSONB NOT NULL,
    track BYTEA NOT NULL
);
CREATE INDEX renditions_by_author ON commons.renditions (author_id);
ALTER TABLE commons.renditions ALTER COLUMN track SET STORAGE EXTERNAL;

-- The only place where PostGIS sees a geometry: what everyone may find.
CREATE TABLE commons.published (
    activity_id UUID PRIMARY KEY REFERENCES commons.renditions ON DELETE CASCADE,
    start GEOGRAPHY(Point, 4326) NOT NULL,
    kind TEXT NOT NULL,
    sport TEXT NOT NULL,
    distance_m DOUBLE PRECISION NOT NULL,
    ascent_m DOUBLE PRECISION
);
CREATE INDEX published_by_start ON commons.published USING gist (start);

-- Whether a session still stands is all that the commons role learns of identity.
CREATE FUNCTION commons.session_stands(account UUID, session UUID, at TIMESTAMPTZ) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT EXISTS (
        SELECT FROM identity.sessions
        WHERE sessions.account_id = $1 AND sessions.session_id = $2 AND sessions.expires_at > $3
    )
$$;
REVOKE ALL ON FUNCTION commons.session_stands FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commons.session_stands TO opentracks_owner, opentracks_commons;

-- ── ops: what keeps the service going ───────────────────────────────────────────────────────────

CREATE TABLE ops.secrets (
    purpose TEXT NOT NULL,
    generation INTEGER NOT NULL CHECK (generation > 0),
    wrapped BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (purpose, generation)
);

-- Who used an activity's id first. Rows outlive their activities, so that an id that is taken
-- does not tell whether its activity still exists.
CREATE TABLE ops.activity_ids (
    activity_id UUID PRIMARY KEY,
    account_id UUID
);
CREATE INDEX activity_ids_by_account ON ops.activity_ids (account_id);

CREATE TABLE ops.jobs (
    job_id UUID PRIMARY KEY,
    account_id UUID,
    kind TEXT NOT NULL,
    content BYTEA NOT NULL,
    run_at TIMESTAMPTZ NOT NULL,
    attempts SMALLINT NOT NULL DEFAULT 0,
    lease UUID,
    leased_until TIMESTAMPTZ,
    failed_at TIMESTAMPTZ
);
CREATE INDEX jobs_due ON ops.jobs (run_at) WHERE failed_at IS NULL;
CREATE INDEX jobs_by_account ON ops.jobs (account_id);

CREATE TABLE ops.schedule (
    task TEXT PRIMARY KEY,
    ran_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE ops.throttles (
    subject BYTEA PRIMARY KEY,
    clear_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX throttles_by_time ON ops.throttles (clear_at);
