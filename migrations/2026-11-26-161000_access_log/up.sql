-- The access log: who was at an account, told to its owner. Every column is explained in
-- src/privacy/inventory.rs.

CREATE TABLE vault.access_log (
    -- It goes with the account, and no entry goes before, but by age.
    account_id UUID NOT NULL REFERENCES identity.accounts ON DELETE CASCADE,
    at TIMESTAMPTZ NOT NULL,
    entry_id UUID NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (account_id, at, entry_id)
);
CREATE INDEX access_log_by_age ON vault.access_log (at);
-- Append only: the server reads and adds, and neither changes nor takes away.
REVOKE UPDATE, DELETE, TRUNCATE ON vault.access_log FROM opentracks_owner;

-- Takes away entries that are older than twelve months, by the clock of the server and by that of the
-- database, whichever shows less: whoever asks cannot make younger ones go.
CREATE FUNCTION vault.prune_access_log(now TIMESTAMPTZ, rows_max BIGINT) RETURNS BIGINT
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ''
AS $$
    WITH pruned AS (
        DELETE FROM vault.access_log WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM vault.access_log
            WHERE at <= least($1, clock_timestamp()) - INTERVAL '365 days'
            ORDER BY at LIMIT $2
        )) RETURNING 1
    )
    SELECT count(*) FROM pruned
$$;
REVOKE ALL ON FUNCTION vault.prune_access_log FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vault.prune_access_log TO opentracks_owner;

-- How often a link was opened on a day that is not over. Once it is, the log says so.
CREATE TABLE vault.link_openings (
    account_id UUID NOT NULL,
    activity_id UUID NOT NULL,
    link_id UUID NOT NULL,
    day DATE NOT NULL,
    opened INTEGER NOT NULL CHECK (opened > 0),
    PRIMARY KEY (account_id, activity_id, link_id, day),
    -- It goes with the activity.
    FOREIGN KEY (account_id, activity_id, link_id) REFERENCES vault.links ON DELETE CASCADE
);
CREATE INDEX link_openings_by_day ON vault.link_openings (day);

-- Counts that a link was opened: how often and on which day, not by whom. All that the commons role
-- ever writes.
DROP FUNCTION commons.count_opening;
CREATE FUNCTION commons.count_opening(link UUID, day DATE) RETURNS VOID
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ''
AS $$
    UPDATE commons.links SET opened = opened + 1 WHERE link_id = $1 AND opened < 2147483647;
    INSERT INTO vault.link_openings AS known (account_id, activity_id, link_id, day, opened)
    SELECT links.account_id, links.activity_id, links.link_id, $2, 1
    FROM vault.links WHERE links.link_id = $1
    ON CONFLICT (account_id, activity_id, link_id, day)
        DO UPDATE SET opened = known.opened + 1 WHERE known.opened < 2147483647
$$;
REVOKE ALL ON FUNCTION commons.count_opening FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commons.count_opening TO opentracks_owner, opentracks_commons;
