-- Who carries proposals out, and when each last said that it lives. Times are microseconds since the
-- Unix epoch.
CREATE TABLE executors (
    name TEXT PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
