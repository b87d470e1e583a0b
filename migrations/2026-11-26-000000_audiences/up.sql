-- Audiences: links, communities, a time by which a publication ends, and blocks. Every column is
-- explained in src/privacy/inventory.rs.

-- ── vault ───────────────────────────────────────────────────────────────────────────────────────

ALTER TABLE vault.activities ADD COLUMN published_until TIMESTAMPTZ;
-- What is to be taken back, soonest first.
CREATE INDEX activities_by_end ON vault.activities (published_until)
    WHERE published_until IS NOT NULL;

CREATE TABLE vault.links (
    account_id UUID NOT NULL,
    activity_id UUID NOT NULL,
    link_id UUID NOT NULL,
    content BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, activity_id, link_id),
    FOREIGN KEY (account_id, activity_id) REFERENCES vault.activities ON DELETE CASCADE
);
CREATE INDEX links_by_id ON vault.links (link_id);

CREATE TABLE vault.blocks (
    account_id UUID NOT NULL REFERENCES identity.accounts ON DELETE CASCADE,
    member_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, member_id),
    CHECK (account_id <> member_id)
);
CREATE INDEX blocks_by_member ON vault.blocks (member_id);

-- ── commons ─────────────────────────────────────────────────────────────────────────────────────

-- A hidden map: nothing of the line, and nothing that tells where or how high it is.
ALTER TABLE commons.renditions ALTER COLUMN track DROP NOT NULL;
-- The hour in which the visible line begins, where its owner shows it.
ALTER TABLE commons.renditions ADD COLUMN hour TIMESTAMPTZ;
-- Whether it counts in what is told of its author altogether.
ALTER TABLE commons.renditions ADD COLUMN is_counted BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE commons.renditions ADD COLUMN published_until TIMESTAMPTZ;

ALTER TABLE commons.published ADD COLUMN author_id UUID;
ALTER TABLE commons.published ADD COLUMN published_until TIMESTAMPTZ;
UPDATE commons.published SET author_id = renditions.author_id
    FROM commons.renditions WHERE renditions.activity_id = published.activity_id;

-- A good link and what it opens. Not tied to the rendition, which goes and comes with zones.
CREATE TABLE commons.links (
    token_hash BYTEA PRIMARY KEY,
    link_id UUID NOT NULL UNIQUE,
    activity_id UUID NOT NULL,
    password_hash TEXT,
    expires_at TIMESTAMPTZ,
    opened INTEGER NOT NULL DEFAULT 0 CHECK (opened >= 0)
);
CREATE INDEX links_by_activity ON commons.links (activity_id);
CREATE INDEX links_by_expiry ON commons.links (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE commons.communities (
    community_id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'private')),
    version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX communities_by_name ON commons.communities (name, community_id)
    WHERE visibility = 'public';

CREATE TABLE commons.memberships (
    community_id UUID NOT NULL REFERENCES commons.communities ON DELETE CASCADE,
    member_id UUID NOT NULL REFERENCES commons.members ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('member', 'moderator', 'administrator')),
    joined_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, member_id)
);
CREATE INDEX memberships_by_member ON commons.memberships (member_id);

CREATE TABLE commons.membership_requests (
    community_id UUID NOT NULL REFERENCES commons.communities ON DELETE CASCADE,
    member_id UUID NOT NULL REFERENCES commons.members ON DELETE CASCADE,
    asked_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, member_id)
);
CREATE INDEX membership_requests_by_member ON commons.membership_requests (member_id);

CREATE TABLE commons.bans (
    community_id UUID NOT NULL REFERENCES commons.communities ON DELETE CASCADE,
    member_id UUID NOT NULL REFERENCES commons.members ON DELETE CASCADE,
    banned_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, member_id)
);
CREATE INDEX bans_by_member ON commons.bans (member_id);

-- What is shared with which community. It goes with the membership of its author. Not tied to the
-- rendition, which goes and comes with zones.
CREATE TABLE commons.community_activities (
    community_id UUID NOT NULL REFERENCES commons.communities ON DELETE CASCADE,
    activity_id UUID NOT NULL,
    author_id UUID NOT NULL,
    PRIMARY KEY (community_id, activity_id),
    FOREIGN KEY (community_id, author_id) REFERENCES commons.memberships (community_id, member_id)
);
CREATE INDEX community_activities_by_activity ON commons.community_activities (activity_id);
CREATE INDEX community_activities_by_author
    ON commons.community_activities (community_id, author_id);

-- What makes an activity visible to others, from the widest to the narrowest.
CREATE FUNCTION commons.level_of(activity UUID, is_published BOOLEAN) RETURNS TEXT
LANGUAGE sql STABLE
AS $$
    SELECT CASE
        WHEN $2 THEN 'published'
        WHEN EXISTS (
            SELECT FROM commons.community_activities shared WHERE shared.activity_id = $1
        ) THEN 'community'
        WHEN EXISTS (SELECT FROM commons.links WHERE links.activity_id = $1) THEN 'link'
        ELSE 'private'
    END
$$;

-- Whether an activity is shared with a community that the viewer is a member of. Nobody is a member
-- of none: NULL equals nothing.
-- In plpgsql, which keeps its plan: as SQL it would be planned for each rendition that is read.
CREATE FUNCTION commons.is_shared_with(viewer UUID, activity UUID) RETURNS BOOLEAN
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN $1 IS NOT NULL AND EXISTS (
        SELECT FROM commons.community_activities shared
        JOIN commons.memberships ON memberships.community_id = shared.community_id
        WHERE shared.activity_id = $2 AND memberships.member_id = $1
    );
END
$$;

-- Whether one of two members keeps away from the other. Who did is all that stays behind the wall.
CREATE FUNCTION commons.are_apart(one UUID, other UUID) RETURNS BOOLEAN
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    RETURN $1 IS NOT NULL AND $2 IS NOT NULL AND EXISTS (
        SELECT FROM vault.blocks
        WHERE (blocks.account_id = $1 AND blocks.member_id = $2)
           OR (blocks.account_id = $2 AND blocks.member_id = $1)
    );
END
$$;
REVOKE ALL ON FUNCTION commons.are_apart FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commons.are_apart TO opentracks_owner, opentracks_commons;

-- Counts that a link was opened: how often, not by whom. All that the commons role ever writes.
CREATE FUNCTION commons.count_opening(link UUID) RETURNS VOID
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ''
AS $$
    UPDATE commons.links SET opened = opened + 1 WHERE link_id = $1 AND opened < 2147483647
$$;
REVOKE ALL ON FUNCTION commons.count_opening FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commons.count_opening TO opentracks_owner, opentracks_commons;
