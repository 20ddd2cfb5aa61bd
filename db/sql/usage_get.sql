-- Read once, then kept in memory by the writer.
SELECT name, minute, minute_messages, minute_recipients, hour, hour_messages, hour_recipients, day, day_messages, day_recipients
FROM usage WHERE axis = :axis AND name = :name
