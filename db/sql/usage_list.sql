-- Who sends how much: an account, its logins and its subusers, or all.
SELECT axis, name, minute, minute_messages, minute_recipients, hour, hour_messages, hour_recipients, day, day_messages, day_recipients
FROM usage
WHERE :account IS NULL OR (axis = 0 AND name = :account)
  OR (axis = 1 AND name IN (SELECT login FROM credential WHERE account = :account))
  OR (axis = 2 AND substr(name, 1, length(:account) + 1) = :account || '/')
ORDER BY axis, name
