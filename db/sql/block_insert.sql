-- Evidence stays when the block has ended.
INSERT INTO identity_block (axis, name, account, action, sign, evidence, message_id, since_ms, until_ms)
VALUES (:axis, :name, :account, :action, :sign, :evidence, :id, :now_ms, :until_ms)
