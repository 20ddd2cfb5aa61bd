-- Rotation: what was valid ends with the overlap, if not before.
UPDATE secret SET expires_ms = :until_ms, told = 2 WHERE login = :login AND (expires_ms = 0 OR expires_ms > :until_ms)
