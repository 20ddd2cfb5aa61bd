-- After a rotation: two secrets at most, and none that is over.
DELETE FROM secret WHERE login = :login
  AND (seq < (SELECT max(seq) - 1 FROM secret WHERE login = :login)
    OR (expires_ms BETWEEN 1 AND :now_ms AND seq < (SELECT max(seq) FROM secret WHERE login = :login)))
