-- Those whose time is over.
DELETE FROM suppression WHERE expires_ms != 0 AND expires_ms <= :now_ms
