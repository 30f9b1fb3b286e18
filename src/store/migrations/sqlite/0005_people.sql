-- What is alike: the kind of a proposal and the rule that asked are digests of src/proposal/kind.rs.
-- Proposals of before have neither, and are not counted.
ALTER TABLE proposals ADD COLUMN kind TEXT;
ALTER TABLE proposals ADD COLUMN rule TEXT;
-- The person who took their yes back before it was sent.
ALTER TABLE proposals ADD COLUMN withdrawn_by TEXT;

CREATE INDEX proposals_by_kind ON proposals (kind, status, decided_at);
CREATE INDEX proposals_by_rule ON proposals (rule, status);

-- A person may take their word back and give another: of each the last one counts, and all of them
-- stay. No word counts twice, wherever it is handed in.
CREATE TABLE words (
    proposal TEXT NOT NULL REFERENCES proposals (id),
    approver TEXT NOT NULL,
    nonce TEXT NOT NULL PRIMARY KEY,
    proof TEXT NOT NULL,
    given_at INTEGER NOT NULL
) STRICT;

INSERT INTO words (proposal, approver, nonce, proof, given_at)
    SELECT proposal, approver, nonce, proof, given_at FROM approvals;

DROP TABLE approvals;
ALTER TABLE words RENAME TO approvals;

CREATE INDEX approvals_by_proposal ON approvals (proposal, given_at);

-- A person's yes to requests that nobody has made yet; called by its nonce. `spent` is what the
-- amounts of its requests come to.
CREATE TABLE standing_approvals (
    name TEXT PRIMARY KEY,
    approver TEXT NOT NULL,
    agent TEXT NOT NULL,
    proof TEXT NOT NULL,
    uses_left INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    granted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE INDEX standing_approvals_by_agent ON standing_approvals (agent, expires_at);
CREATE INDEX standing_approvals_by_approver ON standing_approvals (approver, expires_at);

-- Which proposals were decided by them, and in which place each counted.
CREATE TABLE standing_uses (
    proposal TEXT NOT NULL REFERENCES proposals (id),
    standing TEXT NOT NULL REFERENCES standing_approvals (name),
    place INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (proposal, standing)
) STRICT;

CREATE INDEX standing_uses_by_standing ON standing_uses (standing);
