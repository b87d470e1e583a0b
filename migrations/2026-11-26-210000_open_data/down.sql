DROP FUNCTION commons.agrees_to_open_data;
DROP TABLE commons.open_data_issues;
DROP TABLE commons.open_data;
DELETE FROM vault.consents WHERE consent = 'open_data';
ALTER TABLE vault.consents DROP CONSTRAINT consents_consent_check;
ALTER TABLE vault.consents ADD CONSTRAINT consents_consent_check CHECK (consent IN ('heat_map'));
