"""Calls that applications send, and the way of every call into the store."""
