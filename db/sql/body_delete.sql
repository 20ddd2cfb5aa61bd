-- When the last recipient is done nobody needs the body.
DELETE FROM body WHERE message_id = :id
