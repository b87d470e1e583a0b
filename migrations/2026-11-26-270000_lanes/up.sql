-- Jobs wait for those of their lane and for no others: what is long, and one account's, holds up no mail.
ALTER TABLE ops.jobs ADD COLUMN lane TEXT;
UPDATE ops.jobs SET lane = CASE
    WHEN kind IN ('hand_over', 'remake_renditions', 'draw_photo') THEN 'account'
    WHEN kind IN ('erase_blob', 'close_account', 'erase_account', 'show_work') THEN 'erasure'
    ELSE 'mail'
END;
ALTER TABLE ops.jobs ALTER COLUMN lane SET NOT NULL;
ALTER TABLE ops.jobs ADD CONSTRAINT jobs_lane_check CHECK (lane IN ('mail', 'erasure', 'account'));

DROP INDEX ops.jobs_due;
CREATE INDEX jobs_due ON ops.jobs (lane, run_at) WHERE failed_at IS NULL;
-- Of what is long, accounts have their turns.
CREATE INDEX jobs_in_turn ON ops.jobs (lane, account_id, run_at) WHERE failed_at IS NULL;
