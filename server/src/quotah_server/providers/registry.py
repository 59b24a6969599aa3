"""The provider rooms by name. Adding a provider is a folder and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from quotah_server.catalog.aliases import canonical
from quotah_server.providers.accounts import ACCOUNTS as COMPATIBLE_ACCOUNTS
from quotah_server.providers.accounts import COMPATIBLE
from quotah_server.providers.anthropic import PROVIDER as ANTHROPIC
from quotah_server.providers.anthropic.account import ACCOUNT as ANTHROPIC_ACCOUNT
from quotah_server.providers.azure import PROVIDER as AZURE
from quotah_server.providers.azure.account import ACCOUNT as AZURE_ACCOUNT
from quotah_server.providers.base import Account, Asker, Provider, Teller
from quotah_server.providers.bedrock import Bedrock
from quotah_server.providers.cohere import PROVIDER as COHERE
from quotah_server.providers.cohere.account import ACCOUNT as COHERE_ACCOUNT
from quotah_server.providers.gemini import PROVIDER as GEMINI
from quotah_server.providers.gemini.account import ACCOUNT as GEMINI_ACCOUNT
from quotah_server.providers.gemini.compatible import PROVIDER as GEMINI_COMPATIBLE
from quotah_server.providers.groq import PROVIDER as GROQ
from quotah_server.providers.mistral import PROVIDER as MISTRAL
from quotah_server.providers.ollama import PROVIDER as OLLAMA
from quotah_server.providers.openai import PROVIDER as OPENAI
from quotah_server.providers.openai.account import ACCOUNT as OPENAI_ACCOUNT
from quotah_server.providers.openrouter import OpenRouter
from quotah_server.providers.otel import PROVIDER as OTEL
from quotah_server.providers.perplexity import PROVIDER as PERPLEXITY
from quotah_server.providers.wires.openai import OpenAIWire
from quotah_server.providers.xai import PROVIDER as XAI

BEDROCK = Bedrock(messages=ANTHROPIC, chat=OPENAI)
OPENROUTER = OpenRouter(messages=ANTHROPIC)
_ROOMS: tuple[Provider, ...] = (
    OPENAI, ANTHROPIC, GEMINI, BEDROCK, COHERE, OLLAMA,
    AZURE, GROQ, MISTRAL, OPENROUTER, PERPLEXITY, XAI, OTEL,
)  # fmt: skip
"""In this order they are asked whose an operation is, where its provider has no room that reads it."""

PROVIDERS: dict[str, Provider] = {room.name: room for room in _ROOMS}
ACCOUNTS: dict[str, Account] = {
    account.provider: account
    for account in (
        OPENAI_ACCOUNT,
        ANTHROPIC_ACCOUNT,
        GEMINI_ACCOUNT,
        COHERE_ACCOUNT,
        AZURE_ACCOUNT,
        *COMPATIBLE_ACCOUNTS,
    )
}
_ALL: tuple[Provider, ...] = (*_ROOMS, GEMINI_COMPATIBLE)
_ROOM_OF_PROVIDER: dict[tuple[str, str], Provider] = {
    (room.name, operation): room for room in reversed(_ALL) for operation in room.reads
}
"""By provider and operation: a vendor may have a second room, for OpenAI's wire beside its own."""
_ROOM_OF_OPERATION: dict[str, Provider] = {
    operation: room for room in reversed(_ROOMS) for operation in room.reads
}
_TELLERS: dict[Provider, Teller] = {
    room: room
    for room in _ALL
    if isinstance(room, Teller) and getattr(type(room), "told", None) is not OpenAIWire.told
}
"""Those whose usage objects say more than counts; most of OpenAI's wire says nothing else."""
_ASKERS: dict[Provider, Asker] = {room: room for room in _ALL if isinstance(room, Asker)}


class _Named(OpenAIWire):
    """OpenAI's wire under the name of somebody who has no room."""

    def __init__(self, name: str) -> None:
        self.name = name


def calls_of(provider: str, mount: str) -> str:
    """Whose calls those of a mount are: the provider's, or, of anything that is compatible, the
    mount's own name, so that it can have prices of its own."""
    return canonical(mount) if provider == COMPATIBLE else provider


def room_of_mount(provider: str, mount: str) -> Provider | None:
    """The room that reads a mount's answers, under the name its calls have; None for a provider
    that we know nothing of."""
    name = calls_of(provider, mount)
    room = PROVIDERS.get(name)
    if provider == COMPATIBLE:
        return room if isinstance(room, OpenAIWire) else _Named(name)
    if room is None and provider in ACCOUNTS:
        return _Named(name)
    return room


def told_by(provider: str, operation: str, usage: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a usage object says besides counts, for doors that were given nothing but that."""
    teller = _TELLERS.get(room_for(provider, operation))
    return {} if teller is None or usage is None else teller.told(usage)


def asked_by(
    provider: str,
    operation: str,
    told: Mapping[str, Any],
    members: Callable[[frozenset[str]], Mapping[str, Any]],
) -> dict[str, Any]:
    """What a request adds to the extras of its answer (``told``), which count before it.

    members: reads these top-level members of the request; called only where some are wanted.
    """
    asker = _ASKERS.get(room_for(provider, operation))
    wanted = asker.wants(operation, told) if asker is not None else None
    return asker.asked(operation, members(wanted)) if asker is not None and wanted else {}


def room_for(provider: str, operation: str) -> Provider:
    """The room that reads a provider's answers.

    Its own where that reads the operation, else the one whose wire the operation belongs to: a
    vendor may serve another's wire (Claude's messages on many platforms), and most serve OpenAI's.
    """
    room = _ROOM_OF_PROVIDER.get((provider, operation))
    return room if room is not None else _ROOM_OF_OPERATION.get(operation, OPENAI)
