DROP FUNCTION commons.count_opening;
CREATE FUNCTION commons.count_opening(link UUID) RETURNS VOID
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ''
AS $$
    UPDATE commons.links SET opened = opened + 1 WHERE link_id = $1 AND opened < 2147483647
$$;
REVOKE ALL ON FUNCTION commons.count_opening FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commons.count_opening TO opentracks_owner, opentracks_commons;
DROP TABLE vault.link_openings;
DROP FUNCTION vault.prune_access_log;
DROP TABLE vault.access_log;
