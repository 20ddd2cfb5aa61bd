-- What a client may say about an envelope: notifications (RFC 3461), UTF-8
-- addresses (RFC 6531), REQUIRETLS (RFC 8689); and on whose behalf it sends.
ALTER TABLE message ADD COLUMN subuser TEXT;
ALTER TABLE message ADD COLUMN envid TEXT;
ALTER TABLE message ADD COLUMN ret INTEGER NOT NULL DEFAULT 0;          -- 1 FULL, 2 HDRS
ALTER TABLE message ADD COLUMN is_utf8 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN requires_tls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recipient ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;     -- bits: 1 NEVER 2 SUCCESS 4 FAILURE 8 DELAY
ALTER TABLE recipient ADD COLUMN orcpt TEXT;
ALTER TABLE recipient ADD COLUMN is_delay_told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN subuser TEXT;
