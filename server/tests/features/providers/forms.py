"""What is sent to add a provider key."""

from __future__ import annotations

from typing import Any

from upstream import Upstream

KEY = "sk-test-canary-4242"


def form(vendor: Upstream, **more: Any) -> dict[str, Any]:
    url = f"http://{vendor.origin}/v1"
    return {"provider": "openai", "api_key": KEY, "base_url": url, **more}
