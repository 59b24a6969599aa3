"""What every vendor's code needs to build an answer: ids, time, cache memory, rate limits."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from quotah_server.mock.cachememory import PrefixMemory
from quotah_server.mock.exchange import Reply, Request
from quotah_server.mock.ratelimits import RateLimits
from quotah_server.mock.script import Script

T = TypeVar("T")
_MOST_KEPT = 1_000


def utc_now() -> datetime:
    """The time, aware and in UTC."""
    return datetime.now(UTC)


class BadRequestError(Exception):
    """The request is not one that the provider would take; the message says why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Desk:
    """State that outlives a request."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.clock = clock
        self.cache = PrefixMemory()
        self.limits = RateLimits(clock)
        self.kept: OrderedDict[str, Any] = OrderedDict()
        """What was stored for later by id: responses, files, batches; the newest 1,000."""
        self._salt = secrets.token_bytes(16)
        self._minted = 0

    def mint(self, prefix: str, length: int = 24) -> str:
        """Make an id that no other request, of this or another run, has."""
        self._minted += 1
        seed = self._salt + self._minted.to_bytes(8, "big")
        return prefix + hashlib.blake2b(seed, digest_size=(length + 1) // 2).hexdigest()[:length]

    def keep(self, name: str, value: Any) -> None:
        """Store something under its id."""
        self.kept[name] = value
        while len(self.kept) > _MOST_KEPT:
            self.kept.popitem(last=False)


class Visit(msgspec.Struct, frozen=True):
    """One authenticated request on its way to a vendor's code. ``params``: words of its path."""

    request: Request
    key: str
    desk: Desk
    request_id: str
    params: Mapping[str, str] = {}

    def kept(self) -> Any:
        """What is stored under the ``id`` of the path; raises BadRequestError (404)."""
        found = self.desk.kept.get(self.params["id"])
        if found is None:
            raise BadRequestError(f"No such object: {self.params['id']}", 404)
        return found


class Answer(msgspec.Struct, frozen=True):
    """A reply and the script that may yet break it."""

    reply: Reply
    script: Script


def decode(body: bytes, kind: type[T]) -> T:
    """Decode a request body; raises BadRequestError with the path of what is wrong."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise BadRequestError(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequestError(f"The request body is not JSON: {error}") from error
