-- Retention: of the oldest events those whose time is over. The newest one stays whatever its age: the next number comes
-- from it.
DELETE FROM event WHERE time_ms < :before_ms AND seq < (SELECT max(seq) FROM event)
  AND seq IN (SELECT seq FROM event ORDER BY seq LIMIT :limit)
