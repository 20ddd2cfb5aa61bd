-- The change to take back.
SELECT version, time_ms, actor, account, key, old_value, new_value, undoes FROM policy_change WHERE version = :version
