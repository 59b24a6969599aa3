"""Runs as they happen."""
