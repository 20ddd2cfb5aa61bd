-- Given up by an operator: due at once and over its time, so that delivery bounces it, held or not.
UPDATE recipient SET state = 1, due_ms = :now_ms, expires_ms = :now_ms
WHERE message_id = :id AND seq = :seq
