-- With the logins of their account.
DELETE FROM secret WHERE login IN (SELECT login FROM credential WHERE account = :account)
