DROP TABLE vault.archive_segments;
DROP TABLE vault.archives;
