-- Enabled again.
DELETE FROM source_state WHERE address = :address
