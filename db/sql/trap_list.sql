-- All of them.
SELECT address, created_ms FROM trap ORDER BY address
