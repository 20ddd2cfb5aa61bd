-- A state change, in the transaction of the change itself.
INSERT INTO event (seq, time_ms, event, message_id, account, credential, sender, recipient, zone, source, mx_group, mx,
  code, enhanced, text, class, score, policy, attempt, tls, ms, subuser)
VALUES (:seq, :time_ms, :event, :id, :account, :credential, :sender, :recipient, :zone, :source, :mx_group, :mx,
  :code, :enhanced, :text, :class, :score, :policy, :attempt, :tls, :ms, :subuser)
