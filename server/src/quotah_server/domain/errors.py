"""Errors that mean something to a caller.

QuotahError                 code, message for the user, what to do
├── InvalidInputError       a value is out of its range; names the field
│   └── InvalidIdError
├── NotFoundError
├── ForbiddenError
├── ConflictError
├── UnauthenticatedError
├── TooManyAttemptsError    retry_after_s
├── UnavailableError        a part is away for now; retry_after_s
└── StartupError            one sentence why Quotah does not start
"""

from __future__ import annotations


class QuotahError(Exception):
    """Base of every expected refusal. ``code`` is stable; ``message`` is for people."""

    code = "error"

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint


class InvalidInputError(QuotahError):
    """A value is missing or out of its range."""

    code = "invalid_input"


class InvalidIdError(InvalidInputError):
    """A text is not an id of the expected noun."""

    code = "invalid_id"


class NotFoundError(QuotahError):
    """No such thing, or not one that the caller may know of."""

    code = "not_found"


class ForbiddenError(QuotahError):
    """The caller is known but may not do this."""

    code = "forbidden"


class ConflictError(QuotahError):
    """The thing exists already, or changed meanwhile."""

    code = "conflict"


class UnauthenticatedError(QuotahError):
    """No valid session or token."""

    code = "unauthenticated"


class TooManyAttemptsError(QuotahError):
    """Slow down: too many attempts."""

    code = "too_many_attempts"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnavailableError(QuotahError):
    """A part of Quotah is away for now; the same request may succeed later."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StartupError(QuotahError):
    """Quotah cannot start; the message says why and what to do, in one sentence."""

    code = "startup"
