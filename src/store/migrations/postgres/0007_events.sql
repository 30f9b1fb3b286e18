-- What changed. Written with the change itself, forgotten after a while.
CREATE TABLE events (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    agent TEXT,
    detail TEXT
);

-- Where the owner of a proposal wants to hear of it, as JSON.
ALTER TABLE proposals ADD COLUMN callback TEXT;

-- What its owner has still to hear.
CREATE TABLE callbacks (
    event TEXT PRIMARY KEY,
    tries BIGINT NOT NULL DEFAULT 0,
    try_at BIGINT NOT NULL DEFAULT 0
);
