DROP INDEX ops.jobs_in_turn;
DROP INDEX ops.jobs_due;
CREATE INDEX jobs_due ON ops.jobs (run_at) WHERE failed_at IS NULL;
ALTER TABLE ops.jobs DROP COLUMN lane;
