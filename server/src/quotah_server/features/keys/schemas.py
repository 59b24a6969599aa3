"""Our keys as the API shows and takes them. A key itself is shown once, when it is made."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from quotah_server.domain.secrets import KeyKind
from quotah_server.features.providers.schemas import MountName
from quotah_server.http.fields import Body, Instant, Name

LABEL_MAX, TAGS_MAX, TAG_NAME_MAX = 200, 32, 64
RATE_MAX = 1_000_000_000
STARS_MAX = 4


def label_of(text: str) -> str:
    """Bring what a call is attributed to to the form in which it is kept; raises ValueError."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text or not text.isprintable():
        raise ValueError("must be a text that can be printed")
    return text


def tag_name_of(text: str) -> str:
    """As ``label_of``; what parts tags in a header cannot stand in a name."""
    text = label_of(text)
    if "," in text or "=" in text:
        raise ValueError("must not hold , or =")
    return text


def pattern_of(text: str) -> str:
    """Check a model's name in which ``*`` stands for any text; raises ValueError."""
    text = text.strip()
    if not text or not text.isprintable() or " " in text:
        raise ValueError("must be a model's name, in which * stands for any text")
    if text.count("*") > STARS_MAX:
        raise ValueError(f"must not hold more than {STARS_MAX} *")
    return text


Label = Annotated[str, Field(min_length=1, max_length=LABEL_MAX), AfterValidator(label_of)]
TagName = Annotated[str, Field(min_length=1, max_length=TAG_NAME_MAX), AfterValidator(tag_name_of)]
ModelPattern = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(pattern_of)]
Rate = Annotated[int, Field(ge=1, le=RATE_MAX, strict=True)]
Models = Annotated[list[ModelPattern], Field(max_length=200)]
Mounts = Annotated[list[MountName], Field(max_length=100)]


class KeyDefaultsOut(BaseModel):
    """What a key's calls are attributed to where they say nothing themselves. prompt: ``id@version``."""

    user: str | None
    team: str | None
    session: str | None
    feature: str | None
    prompt: str | None
    tags: dict[str, str]


class KeyDefaultsIn(Body):
    """What a key's calls are attributed to where they say nothing themselves. prompt: ``id@version``."""

    user: Label | None = None
    team: Label | None = None
    session: Label | None = None
    feature: Label | None = None
    prompt: Label | None = None
    tags: Annotated[dict[TagName, Label], Field(max_length=TAGS_MAX)] = Field(default_factory=dict)


class KeyOut(BaseModel):
    """A key without its secret: prefix tells the kind, hint is its last four characters.

    models: names that it may call, ``*`` standing for any text; mounts: the providers it may call;
    empty: all. requests_per_minute, tokens_per_minute: None is no limit. byok: whether callers may
    bring a provider key of their own.
    """

    id: str
    name: str
    kind: KeyKind
    prefix: str
    hint: str
    project_id: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    models: list[str]
    mounts: list[str]
    requests_per_minute: int | None
    tokens_per_minute: int | None
    byok: bool
    environment: str | None
    defaults: KeyDefaultsOut


class KeyCreated(KeyOut):
    """A new key, with the secret that is never shown again."""

    key: str


class KeyPage(BaseModel):
    items: list[KeyOut]
    next_cursor: str | None


class KeyIn(Body):
    """project_id: where the key's calls are booked; absent: the first project (an admin key: all).
    What follows expires_at is for gateway keys: see KeyOut."""

    name: Name
    kind: KeyKind
    project_id: Annotated[str | None, Field(max_length=64)] = None
    expires_at: Instant | None = None
    models: Models = Field(default_factory=list)
    mounts: Mounts = Field(default_factory=list)
    requests_per_minute: Rate | None = None
    tokens_per_minute: Rate | None = None
    byok: bool = True
    environment: Label | None = None
    defaults: KeyDefaultsIn = KeyDefaultsIn()


class KeyPatch(Body):
    """What is absent stays; null takes a limit, an environment or the expiry away. defaults: all of
    them, those left out are none."""

    name: Name | None = None
    expires_at: Instant | None = None
    models: Models | None = None
    mounts: Mounts | None = None
    requests_per_minute: Rate | None = None
    tokens_per_minute: Rate | None = None
    byok: bool | None = None
    environment: Label | None = None
    defaults: KeyDefaultsIn | None = None
