-- Events: one row per attempt. No primary key: the single writer appends what an anti-join bounded to
-- the batch's id range does not find (see docs/adr). Ids are UUIDv7, so ids sort by time.
CREATE TABLE events (
    event_id             UUID           NOT NULL,
    call_id              UUID           NOT NULL,
    attempt              UTINYINT       NOT NULL,
    final                BOOLEAN        NOT NULL,
    door                 VARCHAR        NOT NULL,
    workspace_id         VARCHAR        NOT NULL,
    project_id           VARCHAR        NOT NULL,
    ts                   TIMESTAMP      NOT NULL, -- UTC, when the call started
    received_at          TIMESTAMP      NOT NULL, -- UTC, when it was stored
    environment          VARCHAR,
    key_id               VARCHAR,
    member_id            VARCHAR,
    user_id              VARCHAR,
    team                 VARCHAR,
    session_id           VARCHAR,
    feature              VARCHAR,
    prompt               VARCHAR,
    prompt_version       VARCHAR,
    tags                 MAP(VARCHAR, VARCHAR),
    request_id           VARCHAR,
    provider             VARCHAR        NOT NULL,
    operation            VARCHAR        NOT NULL,
    model                VARCHAR,                 -- the model that answered, else the one asked for
    model_requested      VARCHAR,
    service_tier         VARCHAR,
    region               VARCHAR,
    streaming            BOOLEAN        NOT NULL,
    status               VARCHAR        NOT NULL,
    error_class          VARCHAR,
    http_status          USMALLINT,
    finish_reason        VARCHAR,
    latency_ms           DOUBLE,                  -- start to end; NULL where unknown
    ttft_ms              DOUBLE,                  -- start to first byte, streams only
    input_tokens         BIGINT,                  -- inclusive total; NULL = not reported
    output_tokens        BIGINT,                  -- inclusive total
    cache_read_tokens    BIGINT,
    cache_write_tokens   BIGINT,
    reasoning_tokens     BIGINT,
    usage_units          VARCHAR,                 -- JSON: disjoint unit -> count
    usage_flags          VARCHAR,                 -- JSON array of words
    raw_usage            VARCHAR,                 -- JSON as the provider sent it
    extras               VARCHAR,                 -- JSON
    cost                 DECIMAL(18, 12),         -- USD; NULL = unpriced
    cost_status          VARCHAR        NOT NULL,
    cost_reason          VARCHAR,
    price_version        VARCHAR        NOT NULL,
    trace_id             VARCHAR,
    span_id              VARCHAR,
    parent_span_id       VARCHAR,
    provider_response_id VARCHAR,
    provider_request_id  VARCHAR,
    body_hash            UBIGINT        NOT NULL  -- of the call as sent: tells a duplicate from a conflict
);

CREATE TABLE feedback (
    workspace_id VARCHAR   NOT NULL,
    call_id      UUID      NOT NULL,
    ts           TIMESTAMP NOT NULL, -- UTC, of the rating
    rating       UTINYINT,           -- 1 to 5
    success      BOOLEAN,
    comment      VARCHAR
);

-- Attribution that an SDK sent for an event of the gateway that is not stored yet. Fills, on arrival,
-- what the event leaves open; tags are merged.
CREATE TABLE pending_attribution (
    workspace_id   VARCHAR   NOT NULL,
    event_id       UUID      NOT NULL,
    received_at    TIMESTAMP NOT NULL,
    environment    VARCHAR,
    user_id        VARCHAR,
    team           VARCHAR,
    session_id     VARCHAR,
    feature        VARCHAR,
    prompt         VARCHAR,
    prompt_version VARCHAR,
    tags           MAP(VARCHAR, VARCHAR),
    request_id     VARCHAR,
    trace_id       VARCHAR,
    span_id        VARCHAR,
    parent_span_id VARCHAR
);

-- Events that cannot be stored, with the reason, so that none is lost without a trace.
CREATE TABLE dead_letters (
    event_id     VARCHAR   NOT NULL,
    workspace_id VARCHAR   NOT NULL,
    received_at  TIMESTAMP NOT NULL,
    reason       VARCHAR   NOT NULL,
    payload      BLOB      NOT NULL -- msgpack of the priced event
);
