-- The queue through a selector, in order of id, a page at a time. Every condition that is null is no condition.
SELECT r.message_id, r.seq, r.address, r.zone, r.source, r.state, r.due_ms, r.expires_ms, r.attempts, r.last_code, r.last_text,
  m.account, m.credential, m.sender, m.received_ms, m.first_retry_ms, m.size, m.chunks, m.is_8bit, m.score, m.policy,
  m.subuser, m.envid, m.ret, m.is_utf8, m.requires_tls, r.notify, r.orcpt, r.is_delay_told
FROM recipient r JOIN message m ON m.id = r.message_id
WHERE (r.message_id, r.seq) > (:id, :seq)
  AND (:zone IS NULL OR r.zone = :zone)
  AND (:account IS NULL OR m.account = :account)
  AND (:credential IS NULL OR m.credential = :credential)
  AND (:subuser IS NULL OR m.subuser = :subuser)
  AND (:sender IS NULL OR m.sender = :sender)
  AND (:recipient IS NULL OR r.address = :recipient)
  AND (:domain IS NULL OR substr(r.address, -length(:domain)) = :domain)
  AND (:mx_group IS NULL OR r.mx_group = :mx_group)
  AND (:state IS NULL OR r.state = :state)
  AND (:before_ms IS NULL OR m.received_ms < :before_ms)
  AND (:after_ms IS NULL OR m.received_ms >= :after_ms)
  AND (:score_min IS NULL OR m.score >= :score_min)
ORDER BY r.message_id, r.seq LIMIT :limit
