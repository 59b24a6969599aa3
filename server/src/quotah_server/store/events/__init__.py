"""Events: append once, ask in bulk. Memory, DuckDB, ClickHouse behind one Protocol."""
