-- What is in force, to be kept in memory.
SELECT id, axis, name, account, action, sign, evidence, message_id, since_ms, until_ms, ended_ms, ended_by
FROM identity_block WHERE ended_ms = 0 ORDER BY id
