-- Rules that match a sender, the account's own before everyone's, and deny before allow.
SELECT id, is_allow, reason FROM rule
WHERE account IN ('', :account) AND (expires_ms = 0 OR expires_ms > :now_ms)
  AND ((field = 0 AND value = :address) OR (field = 1 AND value = :domain)
    OR (field = 2 AND value <= :address AND substr(:address, 1, length(value)) = value))
ORDER BY account = '', is_allow, id LIMIT 1
