-- Who called, with how many tokens, and how it ended. What belongs to the call is drawn from its root,
-- what belongs to the attempt from its own number.
INSERT INTO sample_calls
WITH drawn AS (
    SELECT
        a.*, s.era, s.feature, s.model, s.looping, s.slow,
        draw(a.root, $cache) AS cache,
        draw(a.n, $fate) AS fate,
        draw(a.n, $cut) AS cut
    FROM sample_attempts AS a
    JOIN sample_slots AS s ON s.n = a.root
),
cast_ AS (
    SELECT
        d.*, f.prefix_tokens, f.cached, m.provider, m.reasoning AS reasoning_share,
        m.first_byte_ms, m.token_us, m.name = 'text-embedding-3-small' AS embeds, w.error_class AS way, w.http_status AS way_status,
        CASE
            WHEN m.provider = 'anthropic' THEN 'messages'
            WHEN embeds THEN 'embeddings'
            ELSE f.api
        END AS operation,
        NOT embeds AND happens(draw(d.root, $stream), f.streamed) AS streaming,
        least(150000, greatest(8,
            f.input_tokens * CASE WHEN d.looping THEN 2 ELSE 1 END * wide.factor // 1000
            * (980 + pick(draw(d.root, $jitter), 40)) // 1000)) AS input,
        CASE WHEN embeds THEN 0 ELSE least(16000, greatest(3, f.output_tokens * medium.factor // 1000)) END AS output
    FROM drawn AS d
    JOIN sample_features AS f ON f.feature = d.feature
    JOIN sample_models AS m ON m.model = d.model
    JOIN sample_failures AS w ON w.provider = m.provider AND w.bucket = d.failure
    JOIN sample_curves AS wide ON wide.name = 'wide' AND wide.point = pick(draw(d.root, $input), 4096)
    JOIN sample_curves AS medium ON medium.name = 'medium' AND medium.point = pick(draw(d.root, $output), 4096)
),
ended AS (
    SELECT
        *,
        CASE
            WHEN failed THEN 'error'
            WHEN happens(fate, 4) THEN 'error'
            WHEN streaming AND happens(fate, 13) THEN 'cancelled'
            ELSE 'success'
        END AS status
    FROM cast_
),
-- OpenAI caches by itself from 1,024 tokens on, in steps of 128. Anthropic caches the prefix that the
-- caller marks: read where it is warm, else written.
cached_ AS (
    SELECT
        *,
        CASE
            WHEN embeds OR status <> 'success' OR NOT happens(cache, cached) THEN 0
            WHEN provider = 'anthropic' THEN CASE WHEN input > prefix_tokens THEN prefix_tokens ELSE 0 END
            WHEN input >= 1024 THEN least(prefix_tokens, input) // 128 * 128
            ELSE 0
        END AS cache_read,
        CASE
            WHEN provider <> 'anthropic' OR status <> 'success' OR happens(cache, cached) THEN 0
            WHEN happens(cache, cached + cached // 8) AND input > prefix_tokens THEN prefix_tokens
            ELSE 0
        END AS cache_write
    FROM ended
),
timed AS (
    SELECT
        c.*,
        c.first_byte_ms * c.slow * wait.factor AS ttft_us,
        c.output * c.token_us * speed.factor // 1000 AS writing_us
    FROM cached_ AS c
    JOIN sample_curves AS wait ON wait.name = 'medium' AND wait.point = pick(draw(c.n, $first_byte), 4096)
    JOIN sample_curves AS speed ON speed.name = 'narrow' AND speed.point = pick(draw(c.n, $speed), 4096)
)
SELECT
    t.n, t.root, t.attempt, t.final, t.at_ms, t.call_ms, t.feature, t.model, t.looping,
    v.version,
    CASE WHEN t.looping THEN 40 ELSE b.first_user + pick(draw(t.root, $user), b.users) END,
    CASE WHEN t.looping THEN 'production' ELSE e.name END,
    t.operation, t.streaming, t.status,
    CASE WHEN t.failed THEN t.way WHEN t.status = 'error' THEN 'invalid_request' WHEN t.status = 'cancelled' THEN 'client_disconnected' END,
    CASE WHEN t.failed THEN t.way_status WHEN t.status = 'error' THEN 400 ELSE 200 END,
    least(150000000, CASE
        WHEN t.failed THEN t.wait_us
        WHEN t.status = 'error' THEN 60000 + t.cut // 16
        WHEN t.status = 'cancelled' THEN t.ttft_us + t.writing_us * pick(t.cut, 90) // 100
        ELSE t.ttft_us + t.writing_us
    END),
    CASE WHEN t.streaming AND t.status <> 'error' THEN least(150000000, t.ttft_us) END,
    t.input - t.cache_read - t.cache_write,
    t.cache_read,
    t.cache_write,
    CASE
        WHEN t.status = 'cancelled' THEN t.output * pick(t.cut, 90) // 100
        ELSE t.output - t.output * t.reasoning_share // 1000
    END,
    CASE WHEN t.status = 'success' THEN t.output * t.reasoning_share // 1000 ELSE 0 END,
    pick(draw(t.n, $ending), 1000),
    pick(draw(t.n, $mood), 1000)
FROM timed AS t
JOIN sample_bands AS b ON b.band = pick(draw(t.root, $band), 1024)
JOIN sample_environments AS e ON e.bucket = pick(draw(t.root, $place), 128)
LEFT JOIN sample_version_picks AS v
    ON v.feature = t.feature AND v.era = t.era AND v.bucket = pick(draw(t.root, $version), 128)
ORDER BY t.n;
