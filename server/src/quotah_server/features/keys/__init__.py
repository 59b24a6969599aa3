"""Quotah's own keys: gateway, ingest, admin."""
