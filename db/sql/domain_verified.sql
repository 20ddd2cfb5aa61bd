-- DNS showed the token.
UPDATE domain SET verified_ms = :now_ms WHERE domain = :domain AND account = :account
