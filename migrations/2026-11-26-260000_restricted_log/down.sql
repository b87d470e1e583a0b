CREATE OR REPLACE FUNCTION vault.prune_access_log(now TIMESTAMPTZ, rows_max BIGINT) RETURNS BIGINT
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
