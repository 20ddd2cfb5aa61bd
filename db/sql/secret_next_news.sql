-- When the next event of that kind is due.
SELECT coalesce(min(CASE told WHEN 0 THEN expires_ms - (expires_ms - created_ms) / 6 ELSE expires_ms END), 0)
FROM secret WHERE expires_ms != 0 AND told < 2
