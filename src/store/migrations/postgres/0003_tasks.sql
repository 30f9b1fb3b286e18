-- Bounded pieces of work. `root` is the first task of those that were handed on from each other,
-- `level` how often this was. `routes` and `methods` are JSON lists; null bounds nothing. Times are
-- microseconds since the Unix epoch.
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    root TEXT NOT NULL,
    parent TEXT,
    level BIGINT NOT NULL,
    owner TEXT NOT NULL,
    purpose TEXT NOT NULL,
    routes TEXT,
    methods TEXT,
    requests BIGINT,
    used BIGINT NOT NULL,
    depth BIGINT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    -- When its owner first had to do with it.
    begun_at BIGINT,
    ended_at BIGINT
);

CREATE INDEX tasks_by_root ON tasks (root, level);
CREATE INDEX tasks_by_owner ON tasks (owner, deadline);
CREATE INDEX tasks_by_end ON tasks (ended_at);

-- What work has touched. `holder` is the first task of those that were handed on from each other,
-- or an agent.
CREATE TABLE labels (
    holder TEXT NOT NULL,
    label TEXT NOT NULL,
    touched_at BIGINT NOT NULL,
    PRIMARY KEY (holder, label)
);
