"""Structured logs on stderr: text for people on a terminal, JSON lines for machines."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

from quotah_server.domain.errors import StartupError
from quotah_server.entrypoints.settings import Settings

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(settings: Settings, plane: Literal["api", "gateway"]) -> None:
    """Set up logging for a process; every line names the plane it came from."""
    level = _LEVELS.get(settings.log_level.lower())
    if level is None:
        raise StartupError(
            f"QUOTAH_LOG_LEVEL is {settings.log_level!r}: use debug, info, warning or error."
        )
    as_text = settings.log_format == "text" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    renderer = (
        structlog.dev.ConsoleRenderer(
            colors=as_text and sys.stderr.isatty(),
            # The default one prints local variables, and with them keys and prompts.
            exception_formatter=structlog.dev.plain_traceback,
        )
        if as_text
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if as_text else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(plane=plane)
    logging.basicConfig(stream=sys.stderr, level=max(level, logging.WARNING), format="%(message)s")
