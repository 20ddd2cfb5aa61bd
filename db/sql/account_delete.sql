-- Only without credentials; its history stays.
DELETE FROM account WHERE name = :account
