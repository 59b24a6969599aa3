"""The history of what was changed, by whom."""
