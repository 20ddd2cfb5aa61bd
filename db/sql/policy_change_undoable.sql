-- The newest change that was neither taken back nor takes one back.
SELECT max(version) FROM policy_change c WHERE undoes IS NULL
  AND NOT EXISTS (SELECT 1 FROM policy_change u WHERE u.undoes = c.version)
