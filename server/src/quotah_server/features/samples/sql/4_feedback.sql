-- What users say of an answer, a little later; never after the end of the history. A call that has an
-- event in the store already has had its word.
INSERT INTO feedback
WITH said AS (
    SELECT
        uuid7(c.call_ms, md5(concat($workspace_id, '/', $seed, '/', c.root, '/call'))) AS call_id,
        c.at_ms + c.latency_us // 1000 + 4000 + draw(c.root, $later) // 8 AS said_ms,
        -- Newer prompt versions please more, except the second, which was a step back.
        pick(draw(c.root, $pleasure), 100)
        + CASE c.prompt_version WHEN '2' THEN -12 WHEN '3' THEN 8 WHEN '4' THEN 12 ELSE 0 END AS pleasure,
        pick(draw(c.root, $word), 9) AS word
    FROM sample_calls AS c
    JOIN sample_features AS f ON f.feature = c.feature
    WHERE c.final AND c.status = 'success' AND c.mood < f.rated AND c.operation <> 'embeddings' AND NOT c.looping
)
SELECT
    $workspace_id,
    call_id,
    epoch_ms(said_ms),
    CASE WHEN pleasure < 6 THEN 1 WHEN pleasure < 14 THEN 2 WHEN pleasure < 28 THEN 3 WHEN pleasure < 60 THEN 4 ELSE 5 END,
    pleasure >= 14,
    CASE WHEN word > 2 THEN NULL WHEN pleasure >= 60 THEN $praise[word + 1] WHEN pleasure < 14 THEN $blame[word + 1] END
FROM said
WHERE said_ms < $end_ms AND call_id NOT IN (SELECT call_id FROM feedback WHERE workspace_id = $workspace_id)
ORDER BY call_id;
