-- Read at start and after every change.
SELECT zone, state, since_ms, actor FROM zone_state
