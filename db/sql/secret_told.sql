-- An event was written about it.
UPDATE secret SET told = :told WHERE login = :login AND seq = :seq
