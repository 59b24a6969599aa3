"""An account at Cohere."""

from __future__ import annotations

from quotah_server.providers.base import Account

ACCOUNT = Account(
    provider="cohere",
    label="Cohere",
    base_url="https://api.cohere.com",
    mock_path="/cohere",
    check_path="/v1/models",
    dialect="cohere",
)
