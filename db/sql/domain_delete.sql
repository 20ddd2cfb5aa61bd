-- It is not the account's any more.
DELETE FROM domain WHERE domain = :domain AND account = :account
