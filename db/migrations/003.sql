-- A login may have more than one secret: while one is replaced, both serve.
-- And it may be bound to networks.
CREATE TABLE secret (
	login TEXT NOT NULL,
	seq INTEGER NOT NULL,             -- the newest is the highest
	kind INTEGER NOT NULL,            -- 0 SHA-256, 1 crypt(5), 2 SCRAM-SHA-256 (RFC 5803)
	is_chosen INTEGER NOT NULL,       -- by a person; else generated
	verifier TEXT NOT NULL,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,      -- 0: never
	told INTEGER NOT NULL DEFAULT 0,  -- 1: an event said that it expires soon, 2: that it has
	PRIMARY KEY (login, seq)
) WITHOUT ROWID;
CREATE INDEX secret_expiry ON secret(expires_ms) WHERE expires_ms != 0 AND told < 2;
INSERT INTO secret (login, seq, kind, is_chosen, verifier, created_ms, expires_ms)
SELECT login, 1, kind, kind, verifier, created_ms, expires_ms FROM credential;
ALTER TABLE credential DROP COLUMN kind;
ALTER TABLE credential DROP COLUMN verifier;
ALTER TABLE credential DROP COLUMN expires_ms;
ALTER TABLE credential ADD COLUMN networks TEXT; -- "192.0.2.0/24 2001:db8::/32"; null: any
-- From which the salts come that unknown logins are shown: the same ones each
-- time, as known logins are.
INSERT INTO meta (key, value) VALUES ('decoy_key', randomblob(32));
