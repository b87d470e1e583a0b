DROP TABLE commons.heat_cells;
DROP TABLE vault.consents;
