-- Likewise a recipient.
SELECT id, is_allow, reason FROM rule
WHERE account IN ('', :account) AND (expires_ms = 0 OR expires_ms > :now_ms)
  AND ((field = 3 AND value = :address) OR (field = 4 AND value = :domain))
ORDER BY account = '', is_allow, id LIMIT 1
