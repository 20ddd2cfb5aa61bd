-- A try failed for now. A row that an operator holds meanwhile stays held, due at its expiry.
UPDATE recipient SET state = CASE state WHEN 2 THEN 2 ELSE 1 END,
  due_ms = CASE state WHEN 2 THEN expires_ms ELSE min(:due_ms, expires_ms) END,
  attempts = :attempts, source = :source, last_ms = :last_ms, last_code = :last_code, last_enhanced = :last_enhanced,
  last_text = :last_text, last_class = :last_class, last_mx = :last_mx, mx_group = :mx_group,
  is_delay_told = is_delay_told OR :is_delay_told
WHERE message_id = :id AND seq = :seq
RETURNING due_ms
