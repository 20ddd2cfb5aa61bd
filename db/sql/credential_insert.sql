-- A login.
INSERT INTO credential (login, account, kind, verifier, created_ms, expires_ms)
VALUES (:login, :account, :kind, :verifier, :now_ms, :expires_ms)
