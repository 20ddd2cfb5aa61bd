-- Pieces whose message was never committed: the client got no 250 for them. Run at open, before anything new comes in.
DELETE FROM chunk WHERE message_id NOT IN (SELECT id FROM message)
