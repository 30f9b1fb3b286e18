-- What receivers of security events have still to hear.
CREATE TABLE signals (
    event TEXT PRIMARY KEY,
    tries BIGINT NOT NULL DEFAULT 0,
    try_at BIGINT NOT NULL DEFAULT 0
);

-- Which security events of others were acted on, so that none is twice.
CREATE TABLE signals_heard (
    issuer TEXT NOT NULL,
    jti TEXT NOT NULL,
    heard_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, jti)
);

CREATE INDEX signals_heard_at ON signals_heard (heard_at);
