-- Open data: which activities are in the file that everybody can download. Every column is explained in
-- src/privacy/inventory.rs.

ALTER TABLE vault.consents DROP CONSTRAINT consents_consent_check;
ALTER TABLE vault.consents ADD CONSTRAINT consents_consent_check
    CHECK (consent IN ('heat_map', 'open_data'));

-- What is in it, and what is not any more. What it says of an activity is read from the rendition when
-- somebody asks, so nothing of it has to be taken back here.
CREATE TABLE commons.open_data (
    activity_id UUID PRIMARY KEY,
    -- Nothing from the moment on that it is not published any more, or is published anew.
    published_id UUID UNIQUE REFERENCES commons.published ON DELETE SET NULL,
    -- The issue that it came with.
    issue INTEGER NOT NULL,
    -- The day of the first issue without it.
    withdrawn_on DATE,
    CHECK (published_id IS NULL OR (published_id = activity_id AND withdrawn_on IS NULL))
);
CREATE INDEX open_data_by_withdrawn ON commons.open_data (activity_id) WHERE withdrawn_on IS NOT NULL;

-- The last issue.
CREATE TABLE commons.open_data_issues (
    issue INTEGER PRIMARY KEY,
    made_on DATE NOT NULL,
    features INTEGER NOT NULL
);

-- Whether a member agrees to be in it, by their last word. When they said so stays behind the wall.
CREATE FUNCTION commons.agrees_to_open_data(member UUID) RETURNS BOOLEAN
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    RETURN coalesce((
        SELECT is_given FROM vault.consents
        WHERE consents.account_id = $1 AND consents.consent = 'open_data'
        ORDER BY decided_at DESC LIMIT 1
    ), false);
END
$$;
REVOKE ALL ON FUNCTION commons.agrees_to_open_data FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commons.agrees_to_open_data TO opentracks_owner, opentracks_commons;
