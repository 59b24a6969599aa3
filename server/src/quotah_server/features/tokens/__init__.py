"""Counting the tokens of a request before it is sent."""
