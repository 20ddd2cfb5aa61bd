-- Paused or draining, over a restart too.
INSERT INTO zone_state (zone, state, since_ms, actor) VALUES (:zone, :state, :now_ms, :actor)
ON CONFLICT (zone) DO UPDATE SET state = excluded.state, since_ms = excluded.since_ms, actor = excluded.actor
