-- Large bodies are read a piece at a time.
SELECT data FROM chunk WHERE message_id = :id AND seq = :seq
