"""An account at Google AI Studio."""

from __future__ import annotations

from quotah_server.providers.base import Account

ACCOUNT = Account(
    provider="gemini",
    label="Google Gemini",
    base_url="https://generativelanguage.googleapis.com",
    mock_path="/gemini",
    check_path="/v1beta/models",
    headers=lambda key: {"x-goog-api-key": key},
    dialect="gemini",
)
