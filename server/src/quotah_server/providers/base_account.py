"""The shape of a provider's account description."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Account(msgspec.Struct, frozen=True):
    """label: the name people know. base_url: the default, without trailing slash. mock_path: where the
    built-in stand-in answers for this provider. check_path: below base_url, a GET that costs nothing
    and needs a valid key. headers: the headers that carry a key."""

    provider: str
    label: str
    base_url: str
    mock_path: str
    check_path: str
    headers: Callable[[str], dict[str, str]]
