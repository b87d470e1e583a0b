-- What is cut stays cut: it is drawn and found as before, and in the right place.
SELECT 1;
