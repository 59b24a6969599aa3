"""Calls, one by one: the list, one in full, and what people thought of it."""
