"""Accounts, keys and configuration: SQLAlchemy on SQLite or PostgreSQL."""
