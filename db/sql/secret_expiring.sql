-- Secrets of which an event has to tell: in the last sixth of their time (day 75 of 90) without a successor, or over.
SELECT s.login, c.account, s.seq, s.expires_ms, s.expires_ms <= :now_ms
FROM secret s JOIN credential c ON c.login = s.login
WHERE s.expires_ms != 0 AND s.told < 2
  AND (s.expires_ms <= :now_ms OR (s.told = 0 AND s.expires_ms - (s.expires_ms - s.created_ms) / 6 <= :now_ms
    AND NOT EXISTS (SELECT 1 FROM secret n WHERE n.login = s.login AND n.seq > s.seq)))
LIMIT :limit
