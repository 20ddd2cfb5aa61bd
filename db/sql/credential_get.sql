-- Asked at AUTH: the login, what its account may do, and its secrets, newest first.
SELECT c.login, c.account, c.created_ms, c.networks, a.state, s.seq, s.kind, s.is_chosen, s.verifier, s.created_ms, s.expires_ms
FROM credential c JOIN account a ON a.name = c.account JOIN secret s ON s.login = c.login
WHERE c.login = :login ORDER BY s.seq DESC
