-- With their login.
DELETE FROM secret WHERE login = :login
