-- Rotation: the same login, a new secret.
UPDATE credential SET kind = :kind, verifier = :verifier, created_ms = :now_ms, expires_ms = :expires_ms WHERE login = :login
