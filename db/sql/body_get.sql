-- Read back when the hot hand-off had no room, or after a restart.
SELECT data FROM body WHERE message_id = :id
