-- By its number.
DELETE FROM rule WHERE id = :id
