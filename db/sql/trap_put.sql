-- An address that nobody has ever given to anyone.
INSERT INTO trap (address, created_ms) VALUES (:address, :now_ms) ON CONFLICT (address) DO NOTHING
