-- For operators, and for the owner of an account; ended ones too if asked.
SELECT id, axis, name, account, action, sign, evidence, message_id, since_ms, until_ms, ended_ms, ended_by
FROM identity_block WHERE (:account IS NULL OR account = :account) AND (:all OR ended_ms = 0) ORDER BY id
