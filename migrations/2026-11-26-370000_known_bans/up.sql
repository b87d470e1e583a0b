-- Whoever administers a community may keep out any id. That must not tell them whose it is, or whether there is anybody:
-- only of those whom they knew when they kept them out does the list tell.
ALTER TABLE commons.bans ADD COLUMN was_known boolean NOT NULL DEFAULT true;
