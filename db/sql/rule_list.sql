-- Of one account and everyone, or all.
SELECT id, account, is_allow, field, value, reason, created_ms, expires_ms, hits, last_hit_ms FROM rule
WHERE :account IS NULL OR account IN ('', :account) ORDER BY id
