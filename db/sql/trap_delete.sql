-- No trap any more.
DELETE FROM trap WHERE address = :address
