-- Logins go with their account.
DELETE FROM credential WHERE account = :account
