-- As body_delete, for large bodies.
DELETE FROM chunk WHERE message_id = :id
