-- The sequence has no gaps, so the next is this plus one.
SELECT coalesce(max(seq), 0) FROM event
