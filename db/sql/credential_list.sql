-- Logins of one account, or all, with each of their secrets.
SELECT c.login, c.account, c.created_ms, c.networks, a.state, s.seq, s.kind, s.is_chosen, NULL, s.created_ms, s.expires_ms
FROM credential c JOIN account a ON a.name = c.account JOIN secret s ON s.login = c.login
WHERE :account IS NULL OR c.account = :account ORDER BY c.account, c.login, s.seq DESC
