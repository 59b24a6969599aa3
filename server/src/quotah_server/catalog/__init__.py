"""Prices as data, and the pure functions that apply them. Reads the packaged book, else no I/O."""
