-- A login; its secret follows.
INSERT INTO credential (login, account, created_ms, networks) VALUES (:login, :account, :now_ms, :networks)
