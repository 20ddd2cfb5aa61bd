-- Is a change taken back already, or covered by a later one of the same key that still stands?
SELECT EXISTS (SELECT 1 FROM policy_change u WHERE u.undoes = :version)
  OR EXISTS (SELECT 1 FROM policy_change l WHERE l.version > :version AND l.account = :account AND l.key = :key
    AND l.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM policy_change u WHERE u.undoes = l.version))
