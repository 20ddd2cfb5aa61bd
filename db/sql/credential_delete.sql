-- Revoked at once.
DELETE FROM credential WHERE login = :login
