-- The first layout.
--
-- The live queue (recipient, body, chunk) is kept apart from history (message,
-- event): rows leave it when they are done, so its size is the backlog's and
-- not the past's.

CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE account (
	name TEXT PRIMARY KEY,
	state INTEGER NOT NULL,           -- 0 active, 1 suspended
	reason TEXT,
	created_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE credential (
	login TEXT PRIMARY KEY,
	account TEXT NOT NULL REFERENCES account(name),
	kind INTEGER NOT NULL,            -- 0 SHA-256 of a generated secret, 1 crypt(5)
	verifier TEXT NOT NULL,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL       -- 0: never
) WITHOUT ROWID;
CREATE INDEX credential_account ON credential(account);

-- The settings in force, and every change that led there.
CREATE TABLE policy (
	account TEXT NOT NULL,            -- '' is everyone
	key TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (account, key)
) WITHOUT ROWID;
CREATE TABLE policy_change (
	version INTEGER PRIMARY KEY,
	time_ms INTEGER NOT NULL,
	actor TEXT NOT NULL,
	account TEXT NOT NULL,
	key TEXT NOT NULL,
	old_value TEXT,                   -- null: was not set
	new_value TEXT,                   -- null: was unset
	undoes INTEGER                    -- the version taken back, if any
);

CREATE TABLE zone_state (
	zone TEXT PRIMARY KEY,
	state INTEGER NOT NULL,           -- 1 paused, 2 draining; no row: open
	since_ms INTEGER NOT NULL,
	actor TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE source_state (
	address TEXT PRIMARY KEY,         -- a row: disabled
	since_ms INTEGER NOT NULL,
	actor TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE message (
	id INTEGER PRIMARY KEY,
	account TEXT NOT NULL,
	credential TEXT,
	client TEXT,
	helo TEXT,
	sender TEXT NOT NULL,             -- '' is the null sender
	recipients INTEGER NOT NULL,
	received_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	first_retry_ms INTEGER NOT NULL,  -- 0: as configured
	size INTEGER NOT NULL,
	chunks INTEGER NOT NULL,          -- 0: the body is one row of body
	is_8bit INTEGER NOT NULL,
	subject TEXT,
	header_from TEXT,
	message_id TEXT,
	action INTEGER NOT NULL,          -- 0 accepted, 1 held, 2 refused, 3 made here
	score REAL NOT NULL,
	class TEXT,
	policy INTEGER NOT NULL,
	symbols TEXT                      -- JSON: [{symbol, points, why}]
);

CREATE TABLE body (
	message_id INTEGER PRIMARY KEY,
	data BLOB NOT NULL
);
CREATE TABLE chunk (
	message_id INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	data BLOB NOT NULL
);
CREATE UNIQUE INDEX chunk_place ON chunk(message_id, seq);

CREATE TABLE recipient (
	message_id INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	address TEXT NOT NULL,
	zone TEXT NOT NULL,
	zone_reason TEXT NOT NULL,
	source TEXT,
	state INTEGER NOT NULL,           -- 0 queued, 1 deferred, 2 held
	due_ms INTEGER NOT NULL,          -- next try or expiry, what comes first
	expires_ms INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	last_ms INTEGER,
	last_code INTEGER,
	last_enhanced TEXT,
	last_text TEXT,
	last_class TEXT,
	last_mx TEXT,
	mx_group TEXT,
	PRIMARY KEY (message_id, seq)
) WITHOUT ROWID;
CREATE INDEX recipient_due ON recipient(zone, due_ms);

CREATE TABLE event (
	seq INTEGER PRIMARY KEY,
	time_ms INTEGER NOT NULL,
	event TEXT NOT NULL,
	message_id INTEGER,
	account TEXT,
	credential TEXT,
	sender TEXT,
	recipient TEXT,
	zone TEXT,
	source TEXT,
	mx_group TEXT,
	mx TEXT,
	code INTEGER,
	enhanced TEXT,
	text TEXT,
	class TEXT,
	score REAL,
	policy INTEGER,
	attempt INTEGER,
	tls TEXT,
	ms INTEGER
);
CREATE INDEX event_message ON event(message_id) WHERE message_id IS NOT NULL;
