-- Logins of one account, or all.
SELECT login, account, kind, created_ms, expires_ms FROM credential
WHERE :account IS NULL OR account = :account ORDER BY account, login
