-- A body that fits one row.
INSERT INTO body (message_id, data) VALUES (:id, :data)
