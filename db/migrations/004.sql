-- How much each identity has sent in its current minute, hour and day.
CREATE TABLE usage (
	axis INTEGER NOT NULL,            -- 0 account, 1 credential, 2 subuser
	name TEXT NOT NULL,               -- a subuser's is account, slash, name
	minute INTEGER NOT NULL, minute_messages INTEGER NOT NULL, minute_recipients INTEGER NOT NULL,
	hour INTEGER NOT NULL, hour_messages INTEGER NOT NULL, hour_recipients INTEGER NOT NULL,
	day INTEGER NOT NULL, day_messages INTEGER NOT NULL, day_recipients INTEGER NOT NULL,
	PRIMARY KEY (axis, name)
) WITHOUT ROWID;
