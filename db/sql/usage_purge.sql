-- Who has sent nothing for days.
DELETE FROM usage WHERE day < :day
