"""An account at Anthropic."""

from __future__ import annotations

from quotah_server.providers.anthropic.counting import COUNTING
from quotah_server.providers.base import Account

ACCOUNT = Account(
    provider="anthropic",
    label="Anthropic",
    base_url="https://api.anthropic.com",
    mock_path="/anthropic",
    check_path="/v1/models",
    headers=lambda key: {"x-api-key": key, "anthropic-version": "2023-06-01"},
    counting=COUNTING,
    dialect="anthropic",
)
