"""The statements that make a sample history, numbered in the order in which they run."""
