-- Retention: finished messages only. The newest one stays: the next id comes from it.
DELETE FROM message WHERE id IN (SELECT m.id FROM message m WHERE m.id < :before_id
  AND m.id < (SELECT max(id) FROM message)
  AND NOT EXISTS (SELECT 1 FROM recipient r WHERE r.message_id = m.id) ORDER BY m.id LIMIT :limit)
