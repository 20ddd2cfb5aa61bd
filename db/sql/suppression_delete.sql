-- The address gets mail again.
DELETE FROM suppression WHERE address = :address AND account = :account
