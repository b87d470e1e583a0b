DROP TABLE identity.known_networks;
