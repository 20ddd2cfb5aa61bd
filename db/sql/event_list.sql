-- Events after a cursor or a time, through a selector.
SELECT seq, time_ms, event, message_id, account, credential, sender, recipient, zone, source, mx_group, mx,
  code, enhanced, text, class, score, policy, attempt, tls, ms, subuser
FROM event
WHERE seq > :seq
  AND (:after_ms IS NULL OR time_ms >= :after_ms)
  AND (:before_ms IS NULL OR time_ms < :before_ms)
  AND (:zone IS NULL OR zone = :zone)
  AND (:account IS NULL OR account = :account)
  AND (:credential IS NULL OR credential = :credential)
  AND (:subuser IS NULL OR subuser = :subuser)
  AND (:sender IS NULL OR sender = :sender)
  AND (:recipient IS NULL OR recipient = :recipient)
  AND (:domain IS NULL OR substr(recipient, -length(:domain)) = :domain)
  AND (:mx_group IS NULL OR mx_group = :mx_group)
  AND (:score_min IS NULL OR score >= :score_min)
ORDER BY seq LIMIT :limit
