"""The dozen functions in which the event engines differ."""

from __future__ import annotations

from quotah_server.analytics.dialect.base import Dialect
from quotah_server.analytics.dialect.duckdb import DuckDBDialect

DIALECTS: dict[str, Dialect] = {"duckdb": DuckDBDialect()}
"""By ``EventStore.dialect``."""
