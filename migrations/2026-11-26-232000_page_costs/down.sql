ALTER ROLE opentracks_commons RESET random_page_cost;
