-- Events stand in threes: 3k, 3k + 1, 3k + 2. An attempt that failed and is tried again takes the next
-- place of its three, so that a call has at most three attempts (the vendors' clients retry twice) and
-- the number of events stays exact. root: the event that was the first attempt of the same call.
INSERT INTO sample_attempts
WITH looked_back AS (
    SELECT
        *,
        n % 3 AS place,
        fail_draw < fail_rate AND patient AS again,
        lag(fail_rate, 2) OVER earlier AS rate_2,
        lag(fail_draw, 1) OVER earlier AS draw_1,
        lag(patient, 1) OVER earlier AS patient_1,
        lag(slot_ms, 1) OVER earlier AS slot_1,
        lag(slot_ms, 2) OVER earlier AS slot_2,
        lag(fail_rate, 1) OVER earlier AS rate_1,
        lag(wait_us // 1000 + pause_ms, 1) OVER earlier AS gap_1,
        lag(wait_us // 1000 + pause_ms, 2) OVER earlier AS gap_2
    FROM sample_slots
    WINDOW earlier AS (ORDER BY n)
),
chained AS (
    SELECT
        *,
        place >= 1 AND draw_1 < rate_1 AND patient_1 AS one_before,
        place = 2 AND lag(again, 2) OVER (ORDER BY n) AS two_before
    FROM looked_back
),
numbered AS (
    SELECT
        *,
        CASE
            WHEN place = 2 AND two_before THEN CASE WHEN draw_1 < rate_2 AND patient_1 THEN 3 ELSE 1 END
            WHEN one_before THEN 2
            ELSE 1
        END AS attempt
    FROM chained
)
SELECT
    n,
    n - (attempt - 1),
    attempt,
    NOT (place < 2 AND patient AND fail_draw < CASE attempt WHEN 1 THEN fail_rate ELSE rate_1 END),
    fail_draw < CASE attempt WHEN 1 THEN fail_rate WHEN 2 THEN rate_1 ELSE rate_2 END,
    CASE attempt WHEN 1 THEN slot_ms WHEN 2 THEN slot_1 + gap_1 ELSE slot_2 + gap_2 + gap_1 END,
    CASE attempt WHEN 1 THEN slot_ms WHEN 2 THEN slot_1 ELSE slot_2 END,
    failure,
    wait_us
FROM numbered
ORDER BY n;
