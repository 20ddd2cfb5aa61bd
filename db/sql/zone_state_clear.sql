-- Open again.
DELETE FROM zone_state WHERE zone = :zone
