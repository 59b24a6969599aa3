"""Ask a provider whether a key is good, by a request that costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import msgspec

from quotah_server.kit.clock import utc_now
from quotah_server.net.egress import Egress, UnreachableError
from quotah_server.providers.base import Account

_ANSWER_MAX = 65_536


class Verdict(msgspec.Struct, frozen=True):
    """status: as stored. error: why it is not healthy, a sentence without anything that was sent or
    received. used_at: when the provider answered, None when it did not."""

    status: str
    error: str | None
    used_at: datetime | None


class Judged(msgspec.Struct, frozen=True):
    """A key as a row holds it: sealed for its address, with what the provider said about it."""

    base_url: str
    allow_private: bool
    secret: str
    hint: str
    fingerprint: str
    status: str
    last_error: str | None
    last_used_at: datetime | None
    last_error_at: datetime | None


async def ask(
    egress: Egress,
    account: Account,
    base_url: str,
    api_key: str,
    settings: Mapping[str, str],
    *,
    allow_private: bool,
) -> Verdict:
    """List the provider's models with the key. settings: all of them, by name. Raises
    EgressRefusedError for a forbidden address."""
    if account.check_path is None:
        return Verdict("never_used", f"{account.label} cannot be asked about a key.", None)
    path = account.check_path
    for name, value in settings.items():
        path = path.replace("{" + name + "}", quote(value, safe=""))
    try:
        answer = await egress.get(
            base_url + path,
            headers=account.headers(api_key),
            allow_private=allow_private,
            answer_max=_ANSWER_MAX,
        )
    except UnreachableError as error:
        text = f"{account.label} could not be asked about this key. {error.reason}"
        return Verdict("never_used", text, None)
    return _judge(account.label, answer.status)


def _judge(label: str, status: int) -> Verdict:
    now = utc_now()
    if 200 <= status < 300:
        return Verdict("healthy", None, now)
    if status in (401, 403):
        return Verdict("invalid", f"{label} refused this key (HTTP {status}).", now)
    if status == 429:
        return Verdict("rate_limited", f"{label} limits this key right now (HTTP 429).", now)
    if 300 <= status < 400:
        text = f"The base URL redirects (HTTP {status}); give the address that it leads to."
        return Verdict("never_used", text, now)
    return Verdict("never_used", f"{label} gave no verdict on this key (HTTP {status}).", now)
