"""Migrations of the control database, one linear history, the same on SQLite and PostgreSQL."""
