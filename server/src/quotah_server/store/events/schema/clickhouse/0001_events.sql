-- The same tables for ClickHouse. FINAL reads see one row per event: the highest version wins.
CREATE TABLE IF NOT EXISTS events (
    event_id             UUID,
    call_id              UUID,
    attempt              UInt8,
    final                Bool,
    door                 LowCardinality(String),
    workspace_id         LowCardinality(String),
    project_id           LowCardinality(String),
    ts                   DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    received_at          DateTime64(6, 'UTC'),
    environment          LowCardinality(Nullable(String)),
    key_id               LowCardinality(Nullable(String)),
    member_id            LowCardinality(Nullable(String)),
    user_id              Nullable(String),
    team                 LowCardinality(Nullable(String)),
    session_id           Nullable(String),
    feature              LowCardinality(Nullable(String)),
    prompt               LowCardinality(Nullable(String)),
    prompt_version       LowCardinality(Nullable(String)),
    tags                 Map(String, String),
    request_id           Nullable(String),
    provider             LowCardinality(String),
    operation            LowCardinality(String),
    model                LowCardinality(Nullable(String)),
    model_requested      LowCardinality(Nullable(String)),
    service_tier         LowCardinality(Nullable(String)),
    region               LowCardinality(Nullable(String)),
    streaming            Bool,
    status               LowCardinality(String),
    error_class          LowCardinality(Nullable(String)),
    http_status          Nullable(UInt16),
    finish_reason        LowCardinality(Nullable(String)),
    latency_ms           Nullable(Float64),
    ttft_ms              Nullable(Float64),
    input_tokens         Nullable(Int64),
    output_tokens        Nullable(Int64),
    cache_read_tokens    Nullable(Int64),
    cache_write_tokens   Nullable(Int64),
    reasoning_tokens     Nullable(Int64),
    usage_units          Nullable(String),
    usage_flags          Nullable(String),
    raw_usage            Nullable(String) CODEC(ZSTD(3)),
    extras               Nullable(String),
    cost                 Nullable(Decimal(18, 12)),
    cost_status          LowCardinality(String),
    cost_reason          Nullable(String),
    price_version        LowCardinality(String),
    trace_id             Nullable(String),
    span_id              Nullable(String),
    parent_span_id       Nullable(String),
    provider_response_id Nullable(String),
    provider_request_id  Nullable(String),
    body_hash            UInt64,
    version              UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(ts)
PRIMARY KEY (workspace_id, ts)
ORDER BY (workspace_id, ts, event_id);

CREATE TABLE IF NOT EXISTS feedback (
    workspace_id LowCardinality(String),
    call_id      UUID,
    ts           DateTime64(6, 'UTC'),
    rating       Nullable(UInt8),
    success      Nullable(Bool),
    comment      Nullable(String),
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace_id, call_id);

-- Attribution that an SDK sent for an event of the gateway that is not stored yet.
CREATE TABLE IF NOT EXISTS pending_attribution (
    workspace_id   LowCardinality(String),
    event_id       UUID,
    received_at    DateTime64(6, 'UTC'),
    environment    Nullable(String),
    user_id        Nullable(String),
    team           Nullable(String),
    session_id     Nullable(String),
    feature        Nullable(String),
    prompt         Nullable(String),
    prompt_version Nullable(String),
    tags           Map(String, String),
    request_id     Nullable(String),
    trace_id       Nullable(String),
    span_id        Nullable(String),
    parent_span_id Nullable(String),
    version        UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace_id, event_id);

-- Events that cannot be stored, with the reason, so that none is lost without a trace.
CREATE TABLE IF NOT EXISTS dead_letters (
    event_id     String,
    workspace_id LowCardinality(String),
    received_at  DateTime64(6, 'UTC'),
    reason       String,
    payload      String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (workspace_id, received_at);
