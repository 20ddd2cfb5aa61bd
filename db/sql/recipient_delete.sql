-- It is done: delivered, bounced, expired or deleted. What happened is in its event.
DELETE FROM recipient WHERE message_id = :id AND seq = :seq
