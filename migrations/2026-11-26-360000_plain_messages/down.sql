DO $$
BEGIN
    ALTER ROLE opentracks_owner RESET lc_messages;
    ALTER ROLE opentracks_commons RESET lc_messages;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'lc_messages stays as the database has it';
END $$;
