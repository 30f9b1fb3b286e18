-- What agents put forward. `substance`, `terms`, `origin` and `answer` are the canonical bytes of src/proposal;
-- the columns beside them are what is searched for. Times are microseconds since the Unix epoch.
CREATE TABLE proposals (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    task TEXT,
    authority TEXT NOT NULL,
    digest BLOB NOT NULL,
    -- What an identical request finds it by, while it stands.
    identity TEXT,
    idempotency_key TEXT,
    substance BLOB NOT NULL,
    terms BLOB NOT NULL,
    origin BLOB NOT NULL,
    status TEXT NOT NULL,
    execution TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    decided_at INTEGER,
    executor TEXT,
    claimed_until INTEGER,
    finished_at INTEGER,
    answer BLOB,
    -- How often it was to be carried out without its agent, when that may be tried again, and what
    -- kept it from being sent: for the operator, and for its owner.
    tries INTEGER NOT NULL DEFAULT 0,
    try_at INTEGER NOT NULL DEFAULT 0,
    trouble TEXT,
    setback TEXT
) STRICT;

CREATE UNIQUE INDEX proposals_standing ON proposals (owner, identity);
CREATE INDEX proposals_by_status ON proposals (status, id);
CREATE INDEX proposals_by_execution ON proposals (execution, due_at, id);
CREATE INDEX proposals_by_owner ON proposals (owner, status, expires_at);
CREATE INDEX proposals_by_task ON proposals (task);
CREATE INDEX proposals_by_expiry ON proposals (expires_at, id);

-- What people said, each with the signature over it; one word a person and proposal, and no word
-- twice, so that what was signed once is not handed in for another proposal just like it.
CREATE TABLE approvals (
    proposal TEXT NOT NULL REFERENCES proposals (id),
    approver TEXT NOT NULL,
    nonce TEXT NOT NULL UNIQUE,
    proof TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    PRIMARY KEY (proposal, approver)
) STRICT;
