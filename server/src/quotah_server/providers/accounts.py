"""What an account at each provider looks like from outside: where it lives, how a key is shown to it,
and which free request tells whether the key is good."""

from __future__ import annotations

from quotah_server.providers.anthropic.account import ANTHROPIC
from quotah_server.providers.base_account import Account
from quotah_server.providers.openai.account import OPENAI

ACCOUNTS: dict[str, Account] = {account.provider: account for account in (OPENAI, ANTHROPIC)}
