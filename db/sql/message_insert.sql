-- Envelope and verdict; in one transaction with recipients, body and events.
INSERT INTO message (id, account, credential, client, helo, sender, recipients, received_ms, expires_ms, first_retry_ms,
  size, chunks, is_8bit, subject, header_from, message_id, action, score, class, policy, symbols,
  subuser, envid, ret, is_utf8, requires_tls)
VALUES (:id, :account, :credential, :client, :helo, :sender, :recipients, :received_ms, :expires_ms, :first_retry_ms,
  :size, :chunks, :is_8bit, :subject, :header_from, :message_id, :action, :score, :class, :policy, :symbols,
  :subuser, :envid, :ret, :is_utf8, :requires_tls)
