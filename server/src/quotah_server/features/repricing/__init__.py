"""Stored calls priced again: what that would change, and doing it."""
