-- What agents put forward. `substance`, `terms`, `origin` and `answer` are the canonical bytes of src/proposal;
-- the columns beside them are what is searched for. Times are microseconds since the Unix epoch.
CREATE TABLE proposals (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    task TEXT,
    authority TEXT NOT NULL,
    digest BYTEA NOT NULL,
    -- What an identical request finds it by, while it stands.
    identity TEXT,
    idempotency_key TEXT,
    substance BYTEA NOT NULL,
    terms BYTEA NOT NULL,
    origin BYTEA NOT NULL,
    status TEXT NOT NULL,
    execution TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_at BIGINT,
    executor TEXT,
    claimed_until BIGINT,
    finished_at BIGINT,
    answer BYTEA,
    -- How often it was to be carried out without its agent, when that may be tried again, and what
    -- kept it from being sent: for the operator, and for its owner.
    tries BIGINT NOT NULL DEFAULT 0,
    try_at BIGINT NOT NULL DEFAULT 0,
    trouble TEXT,
    setback TEXT
);

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
    given_at BIGINT NOT NULL,
    PRIMARY KEY (proposal, approver)
);
