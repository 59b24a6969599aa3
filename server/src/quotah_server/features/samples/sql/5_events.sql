-- The rows themselves: names, ids, the provider's own usage object, and the price. Rates are whole
-- pico-dollars per token, so that a cost is an exact sum of products.
INSERT INTO events BY NAME
WITH stored AS (
    SELECT event_id FROM events
    WHERE workspace_id = $workspace_id AND ts BETWEEN epoch_ms($from_ms::BIGINT) AND epoch_ms($to_ms::BIGINT)
),
worded AS (
    SELECT
        c.*, f.name AS feature_name, f.team AS team_name, f.prompt AS prompt_name, f.sessions, f.tools,
        m.provider AS provider_name, m.name AS model_name, m.reasoning AS reasoning_share,
        u.name AS user_name, u.plan, u.region AS user_region,
        r.input AS input_rate, r.cache_read AS read_rate, r.cache_write_5m AS write_rate,
        r.output AS output_rate, r.reasoning AS reasoning_rate,
        c.uncached + c.cache_read + c.cache_write AS input_total,
        c.answer + c.reasoning AS output_total,
        md5(concat($workspace_id, '/', $seed, '/', c.n, '/event')) AS digits,
        md5(concat($workspace_id, '/', $seed, '/', c.root, '/call')) AS call_digits,
        CASE WHEN f.sessions THEN md5(concat($workspace_id, '/', $seed, '/', u.name, '/', f.name, '/', CASE WHEN c.looping THEN 0 ELSE c.call_ms // 7200000 END)) END AS session_digits
    FROM sample_calls AS c
    JOIN sample_features AS f ON f.feature = c.feature
    JOIN sample_models AS m ON m.model = c.model
    JOIN sample_users AS u ON u.user_number = c.user_number
    JOIN sample_rates AS r ON r.model = c.model AND r.day = c.at_ms // 86400000
),
priced AS (
    SELECT
        *,
        uuid7(at_ms, digits) AS event_id,
        status <> 'error' AS counted,
        status = 'success' AS reported,
        coalesce(http_status >= 400, false) AS refused,
        CASE WHEN refused THEN 0 WHEN counted THEN uncached * input_rate END AS input_pico,
        CASE WHEN refused THEN 0 WHEN counted THEN cache_read * read_rate END AS read_pico,
        CASE WHEN refused THEN 0 WHEN counted THEN cache_write * write_rate END AS write_pico,
        CASE WHEN refused THEN 0 WHEN counted THEN answer * output_rate + reasoning * reasoning_rate END AS output_pico,
        input_pico + read_pico + write_pico + output_pico AS pico_usd
    FROM worded
)
SELECT
    event_id,
    uuid7(call_ms, call_digits) AS call_id,
    attempt,
    final,
    'seed' AS door,
    $workspace_id AS workspace_id,
    $project_id AS project_id,
    epoch_ms(at_ms) AS ts,
    make_timestamp(at_ms * 1000 + latency_us + 900000) AS received_at,
    environment,
    user_name AS user_id,
    team_name AS team,
    'session_' || substr(session_digits, 1, 12) AS session_id,
    feature_name AS feature,
    prompt_name AS prompt,
    prompt_version,
    MAP {'plan': plan, 'region': user_region} AS tags,
    provider_name AS provider,
    operation,
    model_name AS model,
    model_name AS model_requested,
    CASE WHEN reported AND operation = 'messages' THEN 'standard' END AS service_tier,
    streaming,
    status,
    error_class,
    http_status,
    CASE
        WHEN status <> 'success' OR operation = 'embeddings' THEN NULL
        WHEN operation = 'responses' THEN CASE WHEN ending < 20 THEN 'max_output_tokens' ELSE 'stop' END
        WHEN operation = 'messages' THEN
            CASE WHEN ending < 20 THEN 'max_tokens' WHEN ending < 20 + tools THEN 'tool_use' ELSE 'end_turn' END
        ELSE CASE WHEN ending < 20 THEN 'length' WHEN ending < 20 + tools THEN 'tool_calls' ELSE 'stop' END
    END AS finish_reason,
    latency_us / 1000 AS latency_ms,
    ttft_us / 1000 AS ttft_ms,
    CASE WHEN counted THEN input_total END AS input_tokens,
    CASE WHEN counted THEN output_total END AS output_tokens,
    CASE WHEN reported AND operation <> 'embeddings' THEN cache_read END AS cache_read_tokens,
    CASE WHEN reported AND operation = 'messages' THEN cache_write END AS cache_write_tokens,
    CASE WHEN reported AND operation IN ('chat', 'responses') THEN reasoning END AS reasoning_tokens,
    CASE
        WHEN NOT counted THEN '{}'
        WHEN NOT reported OR operation = 'embeddings' THEN concat('{"input":', input_total, ',"output":', answer, '}')
        WHEN operation = 'messages' THEN concat(
            '{"input":', uncached, ',"cache_read":', cache_read, ',"cache_write_5m":', cache_write, ',"output":', answer, '}'
        )
        ELSE concat('{"input":', uncached, ',"cache_read":', cache_read, ',"output":', answer, ',"reasoning":', reasoning, '}')
    END AS usage_units,
    CASE WHEN refused THEN '["not_billed"]' ELSE '[]' END AS usage_flags,
    CASE WHEN reported THEN
        CASE operation
            WHEN 'embeddings' THEN concat('{"prompt_tokens":', input_total, ',"total_tokens":', input_total, '}')
            WHEN 'messages' THEN concat(
                '{"input_tokens":', uncached, ',"cache_creation_input_tokens":', cache_write,
                ',"cache_read_input_tokens":', cache_read, ',"cache_creation":{"ephemeral_5m_input_tokens":', cache_write,
                ',"ephemeral_1h_input_tokens":0},"output_tokens":', output_total, ',"service_tier":"standard"}'
            )
            WHEN 'responses' THEN concat(
                '{"input_tokens":', input_total, ',"input_tokens_details":{"cached_tokens":', cache_read,
                '},"output_tokens":', output_total, ',"output_tokens_details":{"reasoning_tokens":', reasoning,
                '},"total_tokens":', input_total + output_total, '}'
            )
            ELSE concat(
                '{"prompt_tokens":', input_total, ',"completion_tokens":', output_total,
                ',"total_tokens":', input_total + output_total,
                ',"prompt_tokens_details":{"cached_tokens":', cache_read, ',"audio_tokens":0}',
                ',"completion_tokens_details":{"reasoning_tokens":', reasoning,
                ',"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
            )
        END
    END AS raw_usage,
    '{}' AS extras,
    usd(pico_usd) AS cost,
    CASE WHEN reported OR refused THEN 'computed' WHEN counted THEN 'estimated' ELSE 'unpriced' END AS cost_status,
    CASE
        WHEN refused THEN $refused_reason
        WHEN reported THEN NULL
        WHEN counted THEN $estimated_reason
        ELSE $unpriced_reason
    END AS cost_reason,
    $price_version AS price_version,
    CASE WHEN reported AND operation <> 'embeddings' THEN
        CASE operation WHEN 'messages' THEN 'msg_' WHEN 'responses' THEN 'resp_' ELSE 'chatcmpl-' END || substr(digits, 9, 24)
    END AS provider_response_id,
    (draw(n, $body_1) << 40) + (draw(n, $body_2) << 20) + draw(n, $body_3) AS body_hash,
    usd(input_pico) AS cost_input,
    usd(read_pico) AS cost_cache_read,
    usd(write_pico) AS cost_cache_write,
    usd(output_pico) AS cost_output,
    CASE WHEN pico_usd IS NOT NULL THEN usd(0) END AS cost_other,
    0 AS revision
FROM priced
ANTI JOIN stored USING (event_id);
