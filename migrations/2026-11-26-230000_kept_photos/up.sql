-- How many photos stay with works whose author has left, for the receipt that tells of them.
ALTER TABLE ops.erasures ADD COLUMN photos INTEGER NOT NULL DEFAULT 0 CHECK (photos >= 0);
