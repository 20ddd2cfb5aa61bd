-- The settings in force.
SELECT account, key, value FROM policy ORDER BY account, key
