"""Count by the provider where it does so for free and a key of its own is there, else by ourselves."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from quotah_server.catalog.aliases import canonical
from quotah_server.domain.scope import Scope
from quotah_server.domain.secrets import credential_binding
from quotah_server.features.providers import repository as credentials
from quotah_server.features.providers.service import Vault
from quotah_server.features.tokens.schemas import CountIn, CountOut
from quotah_server.kit.crypto import SealError
from quotah_server.net.egress import EgressRefusedError, UnreachableError
from quotah_server.providers.base import Account, Counting
from quotah_server.providers.registry import ACCOUNTS
from quotah_server.tokens.count import Count, count

_ANSWER_MAX = 65_536
_OK = 200
_COUNTING = ThreadPoolExecutor(2, "count")
"""A text without a blank takes a second a megabyte: whoever sends many holds up counting alone."""


async def counted(vault: Vault, scope: Scope, asked: CountIn) -> CountOut:
    """Count; where the provider could have said but did not, the estimate notes why."""
    note = None
    found = _who_counts(asked)
    if found is not None:
        said = await _ask(vault, scope, asked, *found)
        if isinstance(said, int):
            return CountOut(
                model=asked.model, tokens=said, exact=True, method="provider", factor=None,
                note=None,
            )  # fmt: skip
        note = said
    loop = asyncio.get_running_loop()
    own = await loop.run_in_executor(_COUNTING, _by_ourselves, asked)
    return CountOut(
        model=asked.model, tokens=own.tokens, exact=own.exact, method=own.method,
        factor=own.factor, note=note,
    )  # fmt: skip


def _request(asked: CountIn) -> dict[str, Any]:
    return asked.model_dump(exclude={"model", "provider"}, exclude_none=True)


def _by_ourselves(asked: CountIn) -> Count:
    provider = canonical(asked.provider) if asked.provider else None
    return count(asked.model, _request(asked), provider)


def _who_counts(asked: CountIn) -> tuple[Account, Counting] | None:
    """The provider that counts this model: the one named, or the one whose models are called so."""
    provider = canonical(asked.provider) if asked.provider else None
    for account in ACCOUNTS.values():
        counting = account.counting
        if counting is None or provider not in (None, account.provider) or asked.input is not None:
            continue
        if provider is not None or asked.model.lower().startswith(counting.models):
            return account, counting
    return None


async def _ask(
    vault: Vault, scope: Scope, asked: CountIn, account: Account, counting: Counting
) -> int | str:
    """The provider's count, or the sentence why there is none."""
    label = account.label
    async with vault.database.transaction() as session:
        row = await credentials.serving(session, scope, account.provider)
    if row is None:
        return f"{label} would count it, for free, if there were a key."
    try:
        binding = credential_binding(row.workspace_id, row.id, row.base_url)
        headers = account.headers(vault.ring.open(row.secret, binding))
        answer = await vault.egress.post(
            row.base_url + counting.path,
            headers={**headers, "content-type": "application/json"},
            body=await asyncio.to_thread(counting.body, asked.model, _request(asked)),
            allow_private=row.allow_private,
            answer_max=_ANSWER_MAX,
        )
    except SealError:
        return f"The key of {label} does not open."
    except UnreachableError as error:
        return f"{label} could not be asked. {error.reason}"
    except EgressRefusedError as error:
        return f"{label} could not be asked. {error.message}"
    tokens = counting.read(answer.body) if answer.status == _OK else None
    return f"{label} gave no count (HTTP {answer.status})." if tokens is None else tokens
