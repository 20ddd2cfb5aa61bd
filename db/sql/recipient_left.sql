-- Is any recipient of the message still open?
SELECT 1 FROM recipient WHERE message_id = :id LIMIT 1
