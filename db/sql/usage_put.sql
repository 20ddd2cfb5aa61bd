-- In the transaction of the messages that it counts.
INSERT INTO usage (axis, name, minute, minute_messages, minute_recipients, hour, hour_messages, hour_recipients,
  day, day_messages, day_recipients)
VALUES (:axis, :name, :minute, :minute_messages, :minute_recipients, :hour, :hour_messages, :hour_recipients,
  :day, :day_messages, :day_recipients)
ON CONFLICT (axis, name) DO UPDATE SET minute = excluded.minute, minute_messages = excluded.minute_messages,
  minute_recipients = excluded.minute_recipients, hour = excluded.hour, hour_messages = excluded.hour_messages,
  hour_recipients = excluded.hour_recipients, day = excluded.day, day_messages = excluded.day_messages,
  day_recipients = excluded.day_recipients
