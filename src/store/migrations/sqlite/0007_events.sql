-- What changed. Written with the change itself, forgotten after a while.
CREATE TABLE events (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    agent TEXT,
    detail TEXT
) STRICT;
