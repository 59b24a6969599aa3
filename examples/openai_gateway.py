"""OpenAI's own client through Quotah's gateway: base URL and key are the whole change.

    QUOTAH_GATEWAY_KEY=qk_gw_… python examples/openai_gateway.py

QUOTAH_GATEWAY_URL: the gateway (default http://127.0.0.1:8401).
"""

import os

from openai import OpenAI

gateway = os.environ.get("QUOTAH_GATEWAY_URL", "http://127.0.0.1:8401").rstrip("/")
client = OpenAI(base_url=f"{gateway}/openai/v1", api_key=os.environ["QUOTAH_GATEWAY_KEY"])

answer = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Name one thing that costs less than a token."}],
    extra_headers={"x-quotah-feature": "example", "x-quotah-user": "ada"},
)
print(answer.choices[0].message.content)

stream = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "And one that costs more?"}],
    stream=True,
    extra_headers={"x-quotah-feature": "example", "x-quotah-user": "ada"},
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
