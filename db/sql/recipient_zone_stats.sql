-- For status: how much waits in a zone, and since when.
SELECT r.zone, r.state, count(*), min(r.due_ms) FROM recipient r GROUP BY r.zone, r.state
