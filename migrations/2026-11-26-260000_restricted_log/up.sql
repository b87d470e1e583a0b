-- Nothing of who lets nothing be done with their data is purged: their log neither, until they lift that.
CREATE OR REPLACE FUNCTION vault.prune_access_log(now TIMESTAMPTZ, rows_max BIGINT) RETURNS BIGINT
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ''
AS $$
    WITH pruned AS (
        DELETE FROM vault.access_log WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM vault.access_log AS over
            WHERE at <= least($1, clock_timestamp()) - INTERVAL '365 days'
                AND NOT EXISTS (
                    SELECT FROM identity.accounts
                    WHERE accounts.account_id = over.account_id AND restricted_at IS NOT NULL
                )
            ORDER BY at LIMIT $2
        )) RETURNING 1
    )
    SELECT count(*) FROM pruned
$$;
