-- Read at start and after every change.
SELECT address, since_ms, actor FROM source_state
