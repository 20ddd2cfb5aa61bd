-- The history of one message.
SELECT seq, time_ms, event, message_id, account, credential, sender, recipient, zone, source, mx_group, mx,
  code, enhanced, text, class, score, policy, attempt, tls, ms, subuser
FROM event WHERE message_id = :id ORDER BY seq
