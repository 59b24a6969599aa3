-- Chance. draw(n, key) is a whole number from 0 to 2^20 - 1, made of the number of the call and a key
-- that stands for the seed and for what is drawn: a 32-bit mixing function in plain whole numbers, the
-- same on every machine, in every version of the engine, with any number of threads. The rest of the
-- arithmetic is on whole numbers too; only latencies end as a double, after one division.
CREATE OR REPLACE TEMP MACRO spread_out(n, key) AS ((n::UBIGINT * 2654435761::UBIGINT) + key::UBIGINT) & 4294967295::UBIGINT;
CREATE OR REPLACE TEMP MACRO mix_once(x) AS (xor(x, x >> 16) * 2146121005::UBIGINT) & 4294967295::UBIGINT;
CREATE OR REPLACE TEMP MACRO mix_twice(x) AS (xor(x, x >> 15) * 2221713035::UBIGINT) & 4294967295::UBIGINT;
CREATE OR REPLACE TEMP MACRO draw(n, key) AS (mix_twice(mix_once(spread_out(n, key))) >> 12)::BIGINT;
-- pick: a draw as a whole number from 0 to n - 1. happens: true for so many draws of a thousand.
CREATE OR REPLACE TEMP MACRO pick(draw, n) AS ((draw * n) >> 20);
CREATE OR REPLACE TEMP MACRO happens(draw, per_mille) AS ((draw * 1000) >> 20) < per_mille;
-- A UUIDv7 of a millisecond, its entropy the hex digits of a hash.
CREATE OR REPLACE TEMP MACRO uuid7(ms, digits) AS (
    '0' || to_hex(ms) || '7' || substr(digits, 1, 3)
    || substr('89ab89ab89ab89ab', instr('0123456789abcdef', substr(digits, 4, 1)), 1) || substr(digits, 5, 15)
)::UUID;
-- Whole pico-dollars as dollars.
CREATE OR REPLACE TEMP MACRO usd(pico) AS pico::DECIMAL(18, 0) * 0.000000000001::DECIMAL(12, 12);

CREATE OR REPLACE TEMP TABLE sample_slots (
    n BIGINT, era INTEGER, slot_ms BIGINT, feature INTEGER, model INTEGER, looping BOOLEAN, slow INTEGER,
    fail_rate BIGINT, fail_draw BIGINT, patient BOOLEAN, failure INTEGER, wait_us BIGINT, pause_ms BIGINT
);
CREATE OR REPLACE TEMP TABLE sample_attempts (
    n BIGINT, root BIGINT, attempt UTINYINT, final BOOLEAN, failed BOOLEAN, at_ms BIGINT, call_ms BIGINT,
    failure INTEGER, wait_us BIGINT
);
CREATE OR REPLACE TEMP TABLE sample_calls (
    n BIGINT, root BIGINT, attempt UTINYINT, final BOOLEAN, at_ms BIGINT, call_ms BIGINT, feature INTEGER,
    model INTEGER, looping BOOLEAN, prompt_version VARCHAR, user_number INTEGER, environment VARCHAR,
    operation VARCHAR, streaming BOOLEAN, status VARCHAR, error_class VARCHAR, http_status USMALLINT,
    latency_us BIGINT, ttft_us BIGINT, uncached BIGINT, cache_read BIGINT, cache_write BIGINT,
    answer BIGINT, reasoning BIGINT, ending INTEGER, mood INTEGER
);
