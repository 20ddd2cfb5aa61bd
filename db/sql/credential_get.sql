-- Asked at AUTH: the login and what its account may do.
SELECT c.login, c.account, c.kind, c.verifier, c.created_ms, c.expires_ms, a.state
FROM credential c JOIN account a ON a.name = c.account WHERE c.login = :login
