-- What each cost went on. The five parts make up the cost exactly; all are NULL where there is none. Of
-- events that were stored before this, the whole cost is other, so that the sums hold; re-pricing them
-- splits it. (SET DATA TYPE … USING fills a column in one pass, where UPDATE would keep every old row.)
ALTER TABLE events ADD COLUMN cost_input DECIMAL(18, 12);
ALTER TABLE events ADD COLUMN cost_cache_read DECIMAL(18, 12);
ALTER TABLE events ADD COLUMN cost_cache_write DECIMAL(18, 12);
ALTER TABLE events ADD COLUMN cost_output DECIMAL(18, 12);
ALTER TABLE events ADD COLUMN cost_other DECIMAL(18, 12);
ALTER TABLE events ALTER cost_input SET DATA TYPE DECIMAL(18, 12) USING CASE WHEN cost IS NOT NULL THEN 0 END;
ALTER TABLE events ALTER cost_cache_read SET DATA TYPE DECIMAL(18, 12) USING CASE WHEN cost IS NOT NULL THEN 0 END;
ALTER TABLE events ALTER cost_cache_write SET DATA TYPE DECIMAL(18, 12) USING CASE WHEN cost IS NOT NULL THEN 0 END;
ALTER TABLE events ALTER cost_output SET DATA TYPE DECIMAL(18, 12) USING CASE WHEN cost IS NOT NULL THEN 0 END;
ALTER TABLE events ALTER cost_other SET DATA TYPE DECIMAL(18, 12) USING cost;

-- How often an event was priced again.
ALTER TABLE events ADD COLUMN revision UINTEGER DEFAULT 0;
ALTER TABLE events ALTER revision SET NOT NULL;

-- What re-pricing changed, in the order of sequence, for all that keep sums: a sum moves by delta.
CREATE SEQUENCE corrections_sequence;
CREATE TABLE corrections (
    sequence     BIGINT         NOT NULL, -- rising, with gaps; never used twice
    event_id     UUID           NOT NULL,
    workspace_id VARCHAR        NOT NULL,
    ts           TIMESTAMP      NOT NULL, -- of the event
    provider     VARCHAR        NOT NULL,
    model        VARCHAR,
    old_cost     DECIMAL(18, 12),         -- USD; NULL = unpriced
    new_cost     DECIMAL(18, 12),
    delta        DECIMAL(18, 12) NOT NULL, -- new less old, an unpriced one counting as 0
    old_version  VARCHAR        NOT NULL,
    new_version  VARCHAR        NOT NULL,
    reprice_id   VARCHAR        NOT NULL,
    corrected_at TIMESTAMP      NOT NULL  -- UTC, when it was applied
);
