"""The provider rooms by name. Adding a provider is a folder and one line here."""

from __future__ import annotations

from quotah_server.providers.anthropic import PROVIDER as ANTHROPIC
from quotah_server.providers.anthropic.account import ACCOUNT as ANTHROPIC_ACCOUNT
from quotah_server.providers.base import Account, Provider
from quotah_server.providers.openai import PROVIDER as OPENAI
from quotah_server.providers.openai.account import ACCOUNT as OPENAI_ACCOUNT

PROVIDERS: dict[str, Provider] = {room.name: room for room in (OPENAI, ANTHROPIC)}
ACCOUNTS: dict[str, Account] = {
    account.provider: account for account in (OPENAI_ACCOUNT, ANTHROPIC_ACCOUNT)
}
_WIRE_OF_OPERATION = {"messages": ANTHROPIC, "count_tokens": ANTHROPIC}


def room_for(provider: str, operation: str) -> Provider:
    """The room that reads a provider's answers.

    Its own, else the one whose wire the operation belongs to: most vendors speak OpenAI's.
    """
    room = PROVIDERS.get(provider)
    return room if room is not None else _WIRE_OF_OPERATION.get(operation, OPENAI)
