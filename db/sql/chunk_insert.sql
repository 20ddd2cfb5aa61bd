-- A piece of a large body, written ahead of the message that will refer to it.
INSERT INTO chunk (message_id, seq, data) VALUES (:id, :seq, :data)
