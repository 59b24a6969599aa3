"""Prices as data, and the pure functions that apply them. No I/O beyond reading the packaged book."""
