"""Calls that go to the provider directly, recorded by the SDK.

    QUOTAH_API_KEY=qk_in_… OPENAI_API_KEY=… python examples/sdk.py

QUOTAH_URL: Quotah's API (default http://127.0.0.1:8400). OPENAI_BASE_URL: the provider; set it to
http://127.0.0.1:8402/openai/v1 to use the mock provider (``quotah mock``) with any key.
"""

from openai import OpenAI

from quotah import Quotah

q = Quotah()
client = q.wrap(OpenAI())

with q.context(feature="example", user="ada", prompt="greeting@3", tags={"plan": "pro"}):
    answer = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "Name one thing that costs less than a token."}],
    )
print(answer.choices[0].message.content)

# At exit up to two seconds are spent on delivery; waiting here only makes the outcome visible.
delivered = q.flush(timeout=5)
print(q.stats())
if not delivered:
    raise SystemExit("Quotah could not be reached: is it running, and is QUOTAH_URL right?")
