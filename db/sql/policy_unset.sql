-- Back to the wider setting or the default.
DELETE FROM policy WHERE account = :account AND key = :key
