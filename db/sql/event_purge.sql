-- Retention. The newest event stays whatever its age: the next number comes from it.
DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE time_ms < :before_ms AND seq < (SELECT max(seq) FROM event)
  ORDER BY seq LIMIT :limit)
