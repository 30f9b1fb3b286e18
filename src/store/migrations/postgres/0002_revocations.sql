-- What operators took back before its time: src/revocation/subject.rs names the kinds. Times are
-- microseconds since the Unix epoch.
CREATE TABLE revocations (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    revoked_at BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);
