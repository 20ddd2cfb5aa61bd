-- Asked for every recipient, in one go: the rule that decides (0), a suppression (1), a trap (2).
SELECT * FROM (SELECT 0 AS kind, id, is_allow, reason FROM rule
  WHERE account IN ('', :account) AND (expires_ms = 0 OR expires_ms > :now_ms)
    AND ((field = 3 AND value = :address) OR (field = 4 AND value = :domain))
  ORDER BY account = '', is_allow, id LIMIT 1)
UNION ALL
SELECT 1, 0, 0, reason FROM suppression
WHERE address = :address AND account IN ('', :account) AND (expires_ms = 0 OR expires_ms > :now_ms)
UNION ALL
SELECT 2, 0, 0, NULL FROM trap WHERE address IN (:address, '@' || :domain)
