-- What changed. Written with the change itself, forgotten after a while.
CREATE TABLE events (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    agent TEXT,
    detail TEXT
) STRICT;

-- Where the owner of a proposal wants to hear of it, as JSON.
ALTER TABLE proposals ADD COLUMN callback TEXT;

-- What its owner has still to hear.
CREATE TABLE callbacks (
    event TEXT PRIMARY KEY,
    tries INTEGER NOT NULL DEFAULT 0,
    try_at INTEGER NOT NULL DEFAULT 0
) STRICT;
