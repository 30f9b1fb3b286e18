-- What else tasks bound. `paths` and `tools` are JSON lists, `arguments`, `amounts` and `amounts_used`
-- JSON objects, amounts in decimals as text; null bounds nothing. `heartbeat` is in seconds. `awake_at` says since
-- when a task goes on, `quiet_at` from when on nothing goes on.
ALTER TABLE tasks ADD COLUMN paths TEXT;
ALTER TABLE tasks ADD COLUMN tools TEXT;
ALTER TABLE tasks ADD COLUMN arguments TEXT;
ALTER TABLE tasks ADD COLUMN bytes BIGINT;
ALTER TABLE tasks ADD COLUMN amounts TEXT;
ALTER TABLE tasks ADD COLUMN bytes_used BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN amounts_used TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tasks ADD COLUMN heartbeat BIGINT;
ALTER TABLE tasks ADD COLUMN awake_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN quiet_at BIGINT;

CREATE INDEX tasks_by_quiet ON tasks (quiet_at);

-- What proposals take off the budget of their task, and of all that it was handed on from: kept back
-- until they are carried out, settled from then on, gone if they never are.
CREATE TABLE charges (
    proposal TEXT PRIMARY KEY,
    task TEXT NOT NULL,
    root TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    unit TEXT,
    amount TEXT,
    settled BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX charges_by_root ON charges (root, settled);
