-- History, newest first.
SELECT version, time_ms, actor, account, key, old_value, new_value, undoes FROM policy_change ORDER BY version DESC LIMIT :limit
