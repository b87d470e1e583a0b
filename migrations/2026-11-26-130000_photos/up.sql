-- Photos of activities, and pictures of members and communities. Every column is explained in
-- src/privacy/inventory.rs.

-- ── vault ───────────────────────────────────────────────────────────────────────────────────────

-- Counts the changes of an activity's photos: what was made for others with fewer, or with others, is out
-- of date.
ALTER TABLE vault.activities
    ADD COLUMN photos_version INTEGER NOT NULL DEFAULT 0 CHECK (photos_version >= 0);

CREATE TABLE vault.photos (
    account_id UUID NOT NULL,
    photo_id UUID NOT NULL,
    activity_id UUID NOT NULL,
    rank INTEGER NOT NULL CHECK (rank >= 0),
    is_cover BOOLEAN NOT NULL DEFAULT false,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'ready', 'failed')),
    details BYTEA NOT NULL,
    original UUID NOT NULL,
    original_bytes BIGINT NOT NULL CHECK (original_bytes >= 0),
    thumbnail UUID,
    medium UUID,
    large UUID,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, photo_id),
    FOREIGN KEY (account_id, activity_id) REFERENCES vault.activities ON DELETE CASCADE,
    CHECK ((state = 'ready') = (thumbnail IS NOT NULL AND medium IS NOT NULL AND large IS NOT NULL))
);
CREATE INDEX photos_by_activity ON vault.photos (account_id, activity_id, rank);

-- ── commons ─────────────────────────────────────────────────────────────────────────────────────

-- What others may see of photos. A row goes with its rendition, and with it the key that opens the pixels.
CREATE TABLE commons.photos (
    photo_id UUID PRIMARY KEY,
    activity_id UUID NOT NULL REFERENCES commons.renditions ON DELETE CASCADE,
    rank INTEGER NOT NULL CHECK (rank >= 0),
    is_cover BOOLEAN NOT NULL,
    caption TEXT,
    alternative_text TEXT,
    place JSONB,
    appearance JSONB NOT NULL,
    key BYTEA NOT NULL,
    thumbnail UUID NOT NULL,
    medium UUID NOT NULL,
    large UUID NOT NULL
);
CREATE INDEX photos_by_activity ON commons.photos (activity_id, rank);

CREATE TABLE commons.member_pictures (
    member_id UUID PRIMARY KEY REFERENCES commons.members ON DELETE CASCADE,
    picture BYTEA NOT NULL
);
ALTER TABLE commons.member_pictures ALTER COLUMN picture SET STORAGE EXTERNAL;

CREATE TABLE commons.community_pictures (
    community_id UUID PRIMARY KEY REFERENCES commons.communities ON DELETE CASCADE,
    picture BYTEA NOT NULL
);
ALTER TABLE commons.community_pictures ALTER COLUMN picture SET STORAGE EXTERNAL;

-- ── ops ─────────────────────────────────────────────────────────────────────────────────────────

-- Who used a photo's id first. Rows outlive their photos, so that an id that is taken does not tell
-- whether its photo still exists.
CREATE TABLE ops.photo_ids (
    photo_id UUID PRIMARY KEY,
    account_id UUID
);
CREATE INDEX photo_ids_by_account ON ops.photo_ids (account_id);
