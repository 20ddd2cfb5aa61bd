-- Lifted, or over. An owner can lift those of its own account only.
UPDATE identity_block SET ended_ms = :now_ms, ended_by = :actor
WHERE id = :id AND ended_ms = 0 AND (:account IS NULL OR account = :account)
