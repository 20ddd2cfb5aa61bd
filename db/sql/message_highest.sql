-- Ids go on above what was ever used here. Refused messages and bodies that wait for their message count too.
SELECT max(coalesce((SELECT max(id) FROM message), 0), coalesce((SELECT max(message_id) FROM event), 0),
  coalesce((SELECT max(message_id) FROM chunk), 0))
