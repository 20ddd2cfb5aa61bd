-- Has the account this domain, and has it proved that?
SELECT token, verified_ms FROM domain WHERE domain = :domain AND account = :account
