"""An account at OpenAI, or at anybody who copied its API."""

from __future__ import annotations

from quotah_server.providers.base import Account

ACCOUNT = Account(
    provider="openai",
    label="OpenAI",
    base_url="https://api.openai.com/v1",
    mock_path="/openai/v1",
)
