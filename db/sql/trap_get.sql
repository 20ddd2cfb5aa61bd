-- Asked for every recipient: the address, or all of its domain.
SELECT count(*) FROM trap WHERE address IN (:address, :domain)
