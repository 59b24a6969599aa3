"""Kinds of text that requests carry, each with its bounds and a sentence for what lies outside."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_EMAIL = re.compile(r"[^@\s<>\"(),:;\\\[\]]{1,64}@[^@\s<>\"(),:;\\\[\]]{1,189}\Z")


class Body(BaseModel):
    """Base of request bodies: an unknown field is refused, and values are never quoted in errors."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def _printable(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise ValueError("is empty")
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


def _encodable(text: str) -> str:
    # A lone surrogate is text that no password hash can be made of.
    if not text.isprintable() and any(unicodedata.category(char) == "Cs" for char in text):
        raise ValueError("has characters that cannot be encoded")
    return text


NEW_PASSWORD_MIN = 10

Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]
Email = Annotated[str, Field(max_length=254), AfterValidator(email_of)]
Timezone = Annotated[str, Field(max_length=64), AfterValidator(timezone_of)]
NewPassword = Annotated[
    str, Field(min_length=NEW_PASSWORD_MIN, max_length=256), AfterValidator(_encodable)
]
Password = Annotated[str, Field(max_length=256), AfterValidator(_encodable)]
