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
    given_at BIGINT NOT NULL
);

INSERT INTO words (proposal, approver, nonce, proof, given_at)
    SELECT proposal, approver, nonce, proof, given_at FROM approvals;

DROP TABLE approvals;
ALTER TABLE words RENAME TO approvals;

CREATE INDEX approvals_by_proposal ON approvals (proposal, given_at);
