-- One account's, or all; a page behind (account, address).
SELECT account, address, reason, created_ms, expires_ms FROM suppression
WHERE (account, address) > (:after_account, :after_address) AND (:account IS NULL OR account = :account)
ORDER BY account, address LIMIT :limit
