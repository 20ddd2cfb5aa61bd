-- Mail of a zone that is no more goes to another; a slice at a time.
UPDATE recipient SET zone = :to_zone, zone_reason = :reason, source = NULL
WHERE (message_id, seq) IN (SELECT message_id, seq FROM recipient WHERE zone = :zone LIMIT :limit)
