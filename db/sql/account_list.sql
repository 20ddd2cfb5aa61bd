-- All customers.
SELECT a.name, a.state, a.reason, a.created_ms, (SELECT count(*) FROM credential c WHERE c.account = a.name)
FROM account a ORDER BY a.name
