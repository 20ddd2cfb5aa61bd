-- Lists of addresses. Addresses are in lower case here; an account of '' is
-- everyone's.
CREATE TABLE suppression (
	address TEXT NOT NULL,
	account TEXT NOT NULL,
	reason TEXT NOT NULL,             -- a word: bounce, complaint, manual ...
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,      -- 0: never
	PRIMARY KEY (address, account)
) WITHOUT ROWID;
CREATE INDEX suppression_account ON suppression(account, address);
CREATE INDEX suppression_expiry ON suppression(expires_ms) WHERE expires_ms != 0;

CREATE TABLE trap (
	address TEXT PRIMARY KEY,         -- or @domain
	created_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE rule (
	id INTEGER PRIMARY KEY,
	account TEXT NOT NULL,
	is_allow INTEGER NOT NULL,        -- else deny
	field INTEGER NOT NULL,           -- 0 sender, 1 sender's domain, 2 prefix of the sender, 3 recipient, 4 its domain
	value TEXT NOT NULL,
	reason TEXT,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,      -- 0: never
	hits INTEGER NOT NULL DEFAULT 0,
	last_hit_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX rule_value ON rule(field, value, account, is_allow);

CREATE TABLE domain (
	domain TEXT NOT NULL,
	account TEXT NOT NULL,
	token TEXT NOT NULL,              -- to be shown in DNS
	created_ms INTEGER NOT NULL,
	verified_ms INTEGER NOT NULL,     -- 0: not proved
	PRIMARY KEY (domain, account)
) WITHOUT ROWID;
