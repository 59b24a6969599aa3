-- What each cost went on. The five parts make up the cost exactly; all are NULL where there is none. Of
-- events that were stored before this, the whole cost is other, so that the sums hold.
ALTER TABLE events ADD COLUMN cost_input Nullable(Decimal(18, 12)) DEFAULT if(isNull(cost), NULL, toDecimal64(0, 12));
ALTER TABLE events ADD COLUMN cost_cache_read Nullable(Decimal(18, 12)) DEFAULT if(isNull(cost), NULL, toDecimal64(0, 12));
ALTER TABLE events ADD COLUMN cost_cache_write Nullable(Decimal(18, 12)) DEFAULT if(isNull(cost), NULL, toDecimal64(0, 12));
ALTER TABLE events ADD COLUMN cost_output Nullable(Decimal(18, 12)) DEFAULT if(isNull(cost), NULL, toDecimal64(0, 12));
ALTER TABLE events ADD COLUMN cost_other Nullable(Decimal(18, 12)) DEFAULT cost;

-- How often an event was priced again. The row of a revision has a higher version than those before.
ALTER TABLE events ADD COLUMN revision UInt32 DEFAULT 0;

-- What re-pricing changed, in the order of sequence, for all that keep sums: a sum moves by delta.
CREATE TABLE IF NOT EXISTS corrections (
    sequence     Int64,
    event_id     UUID,
    workspace_id LowCardinality(String),
    ts           DateTime64(6, 'UTC'),
    provider     LowCardinality(String),
    model        LowCardinality(Nullable(String)),
    old_cost     Nullable(Decimal(18, 12)),
    new_cost     Nullable(Decimal(18, 12)),
    delta        Decimal(18, 12),
    old_version  LowCardinality(String),
    new_version  LowCardinality(String),
    reprice_id   String,
    corrected_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY sequence;
