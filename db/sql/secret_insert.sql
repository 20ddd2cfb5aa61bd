-- A secret on top of those that a login has.
INSERT INTO secret (login, seq, kind, is_chosen, verifier, created_ms, expires_ms)
SELECT :login, coalesce((SELECT max(seq) FROM secret WHERE login = :login), 0) + 1,
  :kind, :is_chosen, :verifier, :now_ms, :expires_ms
WHERE EXISTS (SELECT 1 FROM credential WHERE login = :login)
