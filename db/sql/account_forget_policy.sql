-- Overrides go with their account.
DELETE FROM policy WHERE account = :account
