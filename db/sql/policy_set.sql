-- A setting.
INSERT INTO policy (account, key, value) VALUES (:account, :key, :value)
ON CONFLICT (account, key) DO UPDATE SET value = excluded.value
