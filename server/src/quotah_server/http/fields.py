"""Kinds of text that requests carry, each with its bounds and a sentence for what lies outside."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

_EMAIL = re.compile(r"[^@\s<>\"(),:;\\\[\]]{1,64}@[^@\s<>\"(),:;\\\[\]]{1,189}\Z")


NAME_MAX = 80
EARLIEST_YEAR, LATEST_YEAR = 2000, 2200
NEW_PASSWORD_MIN = 10


class Body(BaseModel):
    """Base of request bodies: an unknown field is refused, and values are never quoted in errors."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def name_of(text: str) -> str:
    """Bring a name to the form in which it is kept; raises ValueError."""
    text = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(text) <= NAME_MAX:
        raise ValueError(f"must have 1 to {NAME_MAX} characters")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Cn", "Zl", "Zp") for char in text):
        raise ValueError("has characters that cannot be printed")
    return text


def email_of(text: str) -> str:
    """Fold an e-mail address to the form in which accounts are known; raises ValueError."""
    text = text.strip().lower()
    if not _EMAIL.match(text) or not text.isprintable():
        raise ValueError("is not an e-mail address")
    return text


def timezone_of(text: str) -> str:
    """Check the IANA name of a time zone; raises ValueError."""
    if text not in available_timezones():
        raise ValueError("is not a time zone; use an IANA name such as Europe/Berlin")
    return text


def encodable(text: str) -> str:
    """Check that a text can be written in UTF-8; raises ValueError."""
    # A lone surrogate is text that no password hash can be made of.
    if not text.isprintable() and any(unicodedata.category(char) == "Cs" for char in text):
        raise ValueError("has characters that cannot be encoded")
    return text


def instant_of(at: datetime) -> datetime:
    """Bring an aware time to UTC; raises ValueError outside the years that are kept."""
    if not EARLIEST_YEAR <= at.year < LATEST_YEAR:
        raise ValueError(f"must lie in the years {EARLIEST_YEAR} to {LATEST_YEAR - 1}")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(instant_of)]
"""A time with its offset, kept in UTC; the bound leaves room for arithmetic at both ends."""
Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX), AfterValidator(name_of)]
Email = Annotated[str, Field(max_length=254), AfterValidator(email_of)]
Timezone = Annotated[str, Field(max_length=64), AfterValidator(timezone_of)]
NewPassword = Annotated[
    str, Field(min_length=NEW_PASSWORD_MIN, max_length=256), AfterValidator(encodable)
]
Password = Annotated[str, Field(max_length=256), AfterValidator(encodable)]
