-- One value of the installation (keys, seeds).
SELECT value FROM meta WHERE key = :key
