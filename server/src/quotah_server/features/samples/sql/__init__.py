"""The statements that make a sample history, in the order in which they run for each stretch of calls."""
