"""What a provider room offers: pure functions from its wire to our domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import msgspec

from quotah_server.domain.usage import Usage


class Answer(msgspec.Struct):
    """What accounting needs of one answer; streams fill it event by event (never adding: the last
    non-null value of a field stands).
    """

    model: str | None = None
    response_id: str | None = None
    service_tier: str | None = None
    region: str | None = None
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    """The provider's usage object, untouched; None when it sent none."""
    extras: dict[str, Any] = {}
    """What changes the bill and stands outside of usage: tool counts, speed, …"""
    error_class: str | None = None
    """Set when the body or stream itself reports a failure."""
    complete: bool = False
    """The stream reached its end as the provider means it to."""
    provider: str | None = None
    """Whose answer it is, where what was read only tells of it (a span); our name."""
    operation: str | None = None
    """The operation whose ``usage`` it carries, where that is not the one it was read as: the room of
    that operation reads it."""


MANAGEMENT = "management"
"""The operation of what costs nothing and calls no model (a file, a batch, the end of a stored answer):
passed through, no call."""


class Provider(Protocol):
    """A provider room. ``merge`` sees parsed stream events in order; ``needles`` let the gateway skip,
    without parsing, every frame that holds none of them.
    """

    name: str
    reads: frozenset[str]
    """The operations whose answers it understands, under whatever provider's name they come."""
    names_amounts: bool
    """Its answers name dollars as JSON numbers, to be read without the rounding of a double."""

    def operation(self, method: str, path: str) -> str | None:
        """Name the operation of a request path below the base URL (``/chat/completions`` → ``chat``);
        None for a path that is passed through without being understood. What is only looked at or
        deleted (GET, HEAD, DELETE) has none.
        """
        ...

    def needles(self, operation: str) -> tuple[bytes, ...]:
        """Byte strings, at least one of which every frame that ``merge`` cares for contains."""
        ...

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:
        """Read a whole JSON answer."""
        ...

    def merge(self, operation: str, answer: Answer, event: Mapping[str, Any]) -> None:
        """Fold one stream event into the answer."""
        ...

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        """Turn the provider's usage object into disjoint units; never raises on odd input, flags it."""
        ...


class Counting(msgspec.Struct, frozen=True):
    """How a provider is asked, for free, how many tokens a request has.

    models: what its own model ids begin with. path: below base_url, a POST. body: of a model and
    {text | messages, system, tools}. read: the count in its answer, None where there is none.
    """

    models: str
    path: str
    body: Callable[[str, Mapping[str, Any]], bytes]
    read: Callable[[bytes], int | None]


@runtime_checkable
class Teller(Protocol):
    """A provider room whose usage objects say more than counts."""

    def told(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        """What a usage object says besides counts, as extras; such as the cost that it names."""
        ...


@runtime_checkable
class Asker(Protocol):
    """A provider room some of whose prices depend on what was asked for, which answers do not repeat."""

    def wants(self, operation: str, told: Mapping[str, Any]) -> frozenset[str]:
        """The top-level members of a request on which the price still depends, beside the extras of
        its answer; none for most, so that their requests need not be read.
        """
        ...

    def asked(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Extras of a request of which just these members are there: counts and short words, never a
        text that was sent. Members of a form are texts. Never raises on odd input, leaves it out.
        """
        ...


class Setting(msgspec.Struct, frozen=True):
    """What an account needs besides key and address. default: "" where there is none to assume."""

    name: str
    label: str
    default: str = ""
    required: bool = False


STREAM_USAGE = "stream_usage"
ASKED_FOR_USAGE = Setting(
    STREAM_USAGE, "Ask for usage in streams: yes, or no where the server refuses", "yes"
)
"""For servers on OpenAI's wire that we know nothing of."""


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key at most vendors; none for a server without keys."""
    return {"authorization": f"Bearer {key}"} if key else {}


class Account(msgspec.Struct, frozen=True):
    """What an account at a provider looks like from outside.

    label: the name people know. base_url: the default, without trailing slash, with the version
    segment where the vendor's own client expects it there; "" where every customer has one of its
    own. mock_path: where the built-in stand-in answers for this provider, None where it does not.
    check_path: below base_url, a GET that costs nothing and needs a valid key, None where there is
    none. headers: the headers that carry a key. dialect: how the gateway speaks to it. keyless: it
    may be called without a key (a server of one's own).
    """

    provider: str
    label: str
    base_url: str
    mock_path: str | None = None
    check_path: str | None = "/models"
    headers: Callable[[str], dict[str, str]] = bearer
    counting: Counting | None = None
    dialect: str = "openai"
    settings: tuple[Setting, ...] = ()
    keyless: bool = False
    shape: str = ""
    """The dialect whose client paths and bodies it understands as well, so that a call to one may be sent
    to the other; "" is its own."""
