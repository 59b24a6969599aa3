"""Provider keys as the API shows and takes them: written, never read back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from quotah_server.http.fields import Body, Name
from quotah_server.providers.registry import ACCOUNTS

CredentialStatus = Literal["never_used", "healthy", "invalid", "rate_limited"]


def _known(provider: str) -> str:
    if provider not in ACCOUNTS:
        raise ValueError(f"is none of {', '.join(sorted(ACCOUNTS))}")
    return provider


def provider_key_of(text: str) -> str:
    """Check that a text can travel in a header as a provider's key; raises ValueError."""
    text = text.strip()
    if not 8 <= len(text) <= 512 or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("is not a key: 8 to 512 characters without spaces are expected")
    return text


ProviderName = Annotated[
    str,
    Field(max_length=32, json_schema_extra={"enum": [*sorted(ACCOUNTS)]}),
    AfterValidator(_known),
]


class CredentialOut(BaseModel):
    """A provider key without its secret. hint: its last four characters. fingerprint: tells two keys
    apart. last_error: what was wrong at the last try, for people."""

    id: str
    provider: str
    name: str
    base_url: str
    hint: str
    fingerprint: str
    status: CredentialStatus
    is_mock: bool
    created_at: datetime
    last_used_at: datetime | None
    last_error: str | None


class CredentialPage(BaseModel):
    items: list[CredentialOut]
    next_cursor: str | None


class CredentialList(BaseModel):
    items: list[CredentialOut]


class CredentialIn(Body):
    """base_url: with the version segment that the vendor's SDK would use; absent: the vendor's own.
    allow_private: the address may be in a network of one's own; the operator of the instance alone
    may say so."""

    provider: ProviderName
    api_key: Annotated[str, Field(max_length=1024), AfterValidator(provider_key_of)]
    base_url: Annotated[str | None, Field(max_length=2048)] = None
    name: Name | None = None
    allow_private: bool = False
