-- Again: with the new reason and time.
INSERT INTO suppression (address, account, reason, created_ms, expires_ms)
VALUES (:address, :account, :reason, :now_ms, :expires_ms)
ON CONFLICT (address, account) DO UPDATE SET reason = excluded.reason, created_ms = excluded.created_ms, expires_ms = excluded.expires_ms
