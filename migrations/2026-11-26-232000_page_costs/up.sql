-- What is read is in memory or on a disk without arms: a page elsewhere costs hardly more than the next one. With the
-- default of 4 the planner reads whole indexes where a few hundred rows would do.
ALTER ROLE opentracks_commons SET random_page_cost = 1.1;
