-- Suspend and resume.
UPDATE account SET state = :state, reason = :reason WHERE name = :account
