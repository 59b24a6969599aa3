"""Our keys as the API shows and takes them. A key itself is shown once, when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from quotah_server.domain.secrets import KeyKind
from quotah_server.http.fields import Body, Instant, Name


class KeyOut(BaseModel):
    """A key without its secret: prefix tells the kind, hint is its last four characters."""

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


class KeyCreated(KeyOut):
    """A new key, with the secret that is never shown again."""

    key: str


class KeyPage(BaseModel):
    items: list[KeyOut]
    next_cursor: str | None


class KeyIn(Body):
    """project_id: where the key's calls are booked; absent: the first project (an admin key: all)."""

    name: Name
    kind: KeyKind
    project_id: Annotated[str | None, Field(max_length=64)] = None
    expires_at: Instant | None = None
