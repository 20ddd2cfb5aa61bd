-- The first event at or after a time, for a cursor; sequence and time rise together.
SELECT coalesce((SELECT min(seq) FROM event WHERE time_ms >= :after_ms), (SELECT coalesce(max(seq), 0) + 1 FROM event)) - 1
