-- Zones that have mail; one that the configuration lost is found by this.
WITH RECURSIVE z(name) AS (
  SELECT min(zone) FROM recipient
  UNION ALL
  SELECT (SELECT min(zone) FROM recipient WHERE zone > z.name) FROM z WHERE z.name IS NOT NULL)
SELECT name FROM z WHERE name IS NOT NULL
