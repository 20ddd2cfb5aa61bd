-- A customer.
INSERT INTO account (name, state, created_ms) VALUES (:account, 0, :now_ms)
