-- One recipient, for an operation on it.
SELECT message_id, seq, address, zone, zone_reason, source, state, due_ms, expires_ms, attempts,
  last_ms, last_code, last_enhanced, last_text, last_class, last_mx, mx_group, notify, orcpt
FROM recipient WHERE message_id = :id AND seq = :seq
