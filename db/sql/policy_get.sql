-- One setting, to know what a change replaces.
SELECT value FROM policy WHERE account = :account AND key = :key
