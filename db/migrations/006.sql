-- Identities that are slowed, held or blocked for what they did.
CREATE TABLE identity_block (
	id INTEGER PRIMARY KEY,
	axis INTEGER NOT NULL,            -- 0 account, 1 credential, 2 subuser
	name TEXT NOT NULL,               -- a subuser's is account, slash, name
	account TEXT NOT NULL,
	action TEXT NOT NULL,             -- slow, hold, block
	sign TEXT NOT NULL,               -- what was seen: trap, probe ...
	evidence TEXT NOT NULL,
	message_id INTEGER,               -- the one that completed it
	since_ms INTEGER NOT NULL,
	until_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL DEFAULT 0,
	ended_by TEXT                     -- who lifted it; null: its time was over
);
CREATE INDEX identity_block_open ON identity_block(until_ms) WHERE ended_ms = 0;
