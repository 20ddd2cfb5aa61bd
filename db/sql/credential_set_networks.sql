-- Where it may be used from.
UPDATE credential SET networks = :networks WHERE login = :login
