-- Every change, with what it replaced, so that it can be undone.
INSERT INTO policy_change (version, time_ms, actor, account, key, old_value, new_value, undoes)
VALUES (:version, :now_ms, :actor, :account, :key, :old_value, :new_value, :undoes)
