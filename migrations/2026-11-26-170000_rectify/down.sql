DROP TABLE identity.email_changes;
DROP TABLE identity.public_names;
