-- Bounded pieces of work. `root` is the first task of those that were handed on from each other,
-- `level` how often this was. `routes` and `methods` are JSON lists; null bounds nothing. Times are
-- microseconds since the Unix epoch.
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    root TEXT NOT NULL,
    parent TEXT,
    level INTEGER NOT NULL,
    owner TEXT NOT NULL,
    purpose TEXT NOT NULL,
    routes TEXT,
    methods TEXT,
    requests INTEGER,
    used INTEGER NOT NULL,
    depth INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    -- When its owner first had to do with it.
    begun_at INTEGER,
    ended_at INTEGER
) STRICT;

CREATE INDEX tasks_by_root ON tasks (root, level);
CREATE INDEX tasks_by_owner ON tasks (owner, deadline);
CREATE INDEX tasks_by_end ON tasks (ended_at);

-- What work has touched. `holder` is the first task of those that were handed on from each other,
-- or an agent.
CREATE TABLE labels (
    holder TEXT NOT NULL,
    label TEXT NOT NULL,
    touched_at INTEGER NOT NULL,
    PRIMARY KEY (holder, label)
) STRICT;
