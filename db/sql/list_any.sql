-- Is there anything on any list?
SELECT EXISTS (SELECT 1 FROM rule) OR EXISTS (SELECT 1 FROM suppression) OR EXISTS (SELECT 1 FROM trap)
