-- Of a failed statement the server is told the text and not the code: where a database speaks another language it could
-- not tell one that may work a little later. Only a superuser, or who was granted it, may choose the language of a role;
-- elsewhere it is the operator's to set (see ARCHITECTURE.md).
DO $$
BEGIN
    ALTER ROLE opentracks_owner SET lc_messages = 'C';
    ALTER ROLE opentracks_commons SET lc_messages = 'C';
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'lc_messages stays as the database has it';
END $$;
