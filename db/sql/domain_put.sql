-- A domain that an account says is its own.
INSERT INTO domain (domain, account, token, created_ms, verified_ms) VALUES (:domain, :account, :token, :now_ms, 0)
ON CONFLICT (domain, account) DO NOTHING
