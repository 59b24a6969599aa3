"""A resource of Azure OpenAI. Its models are called by the names of their deployments."""

from __future__ import annotations

from quotah_server.providers.base import Account, Setting

ACCOUNT = Account(
    provider="azure",
    label="Azure OpenAI",
    base_url="",
    check_path="/openai/v1/models",
    headers=lambda key: {"api-key": key},
    dialect="azure",
    shape="openai",
    settings=(Setting("api_version", "API version of calls that name none", "2024-10-21"),),
)
