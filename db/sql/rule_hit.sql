-- How often it was of use.
UPDATE rule SET hits = hits + :hits, last_hit_ms = :now_ms WHERE id = :id
