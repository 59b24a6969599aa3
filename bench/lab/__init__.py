"""What the benchmarks share: processes and their cost, a Quotah to measure, tables and raw results."""
