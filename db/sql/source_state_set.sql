-- Disabled, over a restart too.
INSERT INTO source_state (address, since_ms, actor) VALUES (:address, :now_ms, :actor)
ON CONFLICT (address) DO UPDATE SET since_ms = excluded.since_ms, actor = excluded.actor
