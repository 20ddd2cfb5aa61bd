-- The same rule again gets the new reason and time.
INSERT INTO rule (account, is_allow, field, value, reason, created_ms, expires_ms)
VALUES (:account, :is_allow, :field, :value, :reason, :now_ms, :expires_ms)
ON CONFLICT (field, value, account, is_allow) DO UPDATE SET reason = excluded.reason, expires_ms = excluded.expires_ms
RETURNING id
