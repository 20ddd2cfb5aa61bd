-- Of one account, or all.
SELECT domain, account, token, created_ms, verified_ms FROM domain WHERE :account IS NULL OR account = :account
ORDER BY account, domain
