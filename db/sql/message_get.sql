-- Everything about one message, for a person or a notification.
SELECT id, account, credential, client, helo, sender, recipients, received_ms, expires_ms, first_retry_ms,
  size, chunks, is_8bit, subject, header_from, message_id, action, score, class, policy, symbols,
  subuser, envid, ret, is_utf8, requires_tls
FROM message WHERE id = :id
