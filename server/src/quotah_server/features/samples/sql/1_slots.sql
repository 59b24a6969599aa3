-- One row per event: when it may start, what it would be for if it is a call of its own, and how it
-- would fail. Whether it is a call of its own or another attempt of the one before comes next.
INSERT INTO sample_slots
WITH numbered AS (
    SELECT
        unnest(range(greatest(first_n, $first::BIGINT), least(first_n + slots, $last::BIGINT))) AS n,
        first_n, slots, start_ms, span_ms, era, office, loop, sick
    FROM sample_hours
    WHERE first_n < $last AND first_n + slots > $first
),
placed AS (
    SELECT
        *,
        start_ms + ((n - first_n) * 1024 + (draw(n, $when) >> 10)) * span_ms // (slots * 1024) AS slot_ms,
        draw(n, $loop) < loop AS looping
    FROM numbered
),
cast_ AS (
    SELECT
        p.*,
        CASE WHEN p.looping THEN $looping_feature ELSE f.feature END AS feature,
        CASE WHEN p.looping THEN $looping_model ELSE m.model END AS model
    FROM placed AS p
    JOIN sample_feature_picks AS f ON f.office = p.office AND f.bucket = pick(draw(p.n, $feature), 128)
    JOIN sample_model_picks AS m ON m.feature = f.feature AND m.era = p.era AND m.bucket = pick(draw(p.n, $model), 128)
)
SELECT
    c.n, c.era, c.slot_ms, c.feature, c.model, c.looping,
    CASE WHEN m.provider = c.sick THEN 3 ELSE 1 END,
    CASE WHEN m.provider = c.sick THEN 300000 ELSE 20000 END,
    draw(c.n, $fail),
    draw(c.n, $patience) < 900000 AND c.slot_ms < $patient_until AND c.n + 1 < $events,
    w.bucket,
    w.wait_ms * (700 + pick(draw(c.n, $wait), 900)),
    400 + pick(draw(c.n, $pause), 1600)
FROM cast_ AS c
JOIN sample_models AS m ON m.model = c.model
JOIN sample_failures AS w ON w.provider = m.provider AND w.bucket = pick(draw(c.n, $failure), 128)
ORDER BY c.n;
