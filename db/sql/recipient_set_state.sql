-- Hold, release and retry: the state and when it is due.
UPDATE recipient SET state = :state, due_ms = CASE :state WHEN 2 THEN expires_ms ELSE min(:due_ms, expires_ms) END
WHERE message_id = :id AND seq = :seq AND (:from_state IS NULL OR state = :from_state)
