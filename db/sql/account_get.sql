-- Asked at AUTH and after every change.
SELECT name, state, reason, created_ms FROM account WHERE name = :account
