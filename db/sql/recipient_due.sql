-- What a zone's worker takes up next, in order of time, from where it stopped reading. Held rows come up when they expire.
SELECT r.message_id, r.seq, r.address, r.zone, r.source, r.state, r.due_ms, r.expires_ms, r.attempts, r.last_code, r.last_text,
  m.account, m.credential, m.sender, m.received_ms, m.first_retry_ms, m.size, m.chunks, m.is_8bit, m.score, m.policy,
  m.subuser, m.envid, m.ret, m.is_utf8, m.requires_tls, r.notify, r.orcpt, r.is_delay_told
FROM recipient r JOIN message m ON m.id = r.message_id
WHERE r.zone = :zone AND (r.due_ms, r.message_id, r.seq) > (:due_ms, :id, :seq) AND r.due_ms <= :until_ms
ORDER BY r.due_ms, r.message_id, r.seq LIMIT :limit
