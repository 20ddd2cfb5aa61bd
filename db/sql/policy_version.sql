-- The version in force: the number of the last change.
SELECT coalesce(max(version), 0) FROM policy_change
