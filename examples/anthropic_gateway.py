"""Anthropic's own client through Quotah's gateway: base URL and key are the whole change.

    QUOTAH_GATEWAY_KEY=qk_gw_… python examples/anthropic_gateway.py

QUOTAH_GATEWAY_URL: the gateway (default http://127.0.0.1:8401).
"""

import os

from anthropic import Anthropic

gateway = os.environ.get("QUOTAH_GATEWAY_URL", "http://127.0.0.1:8401").rstrip("/")
client = Anthropic(base_url=f"{gateway}/anthropic", api_key=os.environ["QUOTAH_GATEWAY_KEY"])

with client.messages.stream(
    model="claude-haiku-4-5",
    max_tokens=200,
    messages=[{"role": "user", "content": "Name one thing that costs less than a token."}],
    extra_headers={"x-quotah-feature": "example", "x-quotah-user": "ada"},
) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
print()
