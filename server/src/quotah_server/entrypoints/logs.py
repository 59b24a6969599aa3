"""Structured logs on stderr: text for people on a terminal, JSON lines for machines."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

from quotah_server.domain.errors import StartupError
from quotah_server.entrypoints.settings import Settings

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(settings: Settings, plane: Literal["api", "gateway", "command"]) -> None:
    """Set up logging for a process; every line names the plane it came from.

    A command says by itself what it did: of its parts it passes on warnings alone, unless told otherwise.
    """
    level = _level(settings.log_level, quiet=plane == "command" or sys.stderr.isatty())
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
            lambda _logger, _method, entry: {"plane": plane, **entry},
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if as_text else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=max(level, logging.WARNING), format="%(message)s")


def _level(text: str, *, quiet: bool) -> int:
    if text == "auto":
        return _LEVELS["warning" if quiet else "info"]
    level = _LEVELS.get(text.lower())
    if level is None:
        raise StartupError(
            f"QUOTAH_LOG_LEVEL is {text!r}: use debug, info, warning, error or auto."
        )
    return level
