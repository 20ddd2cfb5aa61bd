-- Asked for every recipient.
SELECT reason FROM suppression
WHERE address = :address AND account IN ('', :account) AND (expires_ms = 0 OR expires_ms > :now_ms) LIMIT 1
