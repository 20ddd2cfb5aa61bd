-- The unit of delivery.
INSERT INTO recipient (message_id, seq, address, zone, zone_reason, source, state, due_ms, expires_ms, attempts, notify, orcpt)
VALUES (:id, :seq, :address, :zone, :zone_reason, :source, :state, :due_ms, :expires_ms, 0, :notify, :orcpt)
