"""One call through the gateway with OpenAI's own client; prints what came back as JSON."""

from __future__ import annotations

import argparse
import json
import os

from openai import OpenAI


def main() -> None:
    """Parse the flags, make the call, print {text, event_id, chunks, usage}."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", default="gpt-4o-mini")
    parser.add_argument("--prompt", default="Name three rivers.")
    parser.add_argument("--feature", default="")
    parser.add_argument("--stream", action="store_true")
    flags = parser.parse_args()
    headers = {"x-quotah-feature": flags.feature} if flags.feature else {}
    client = OpenAI(
        base_url=flags.base_url, api_key=os.environ["QUOTAH_GATEWAY_KEY"], max_retries=0
    )
    chat = client.chat.completions.with_raw_response
    messages = [{"role": "user", "content": flags.prompt}]
    if flags.stream:
        answer = chat.create(
            model=flags.model,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
            extra_headers=headers,
        )
        parts = list(answer.parse())
        chunks = [part.choices[0].delta.content or "" for part in parts if part.choices]
        usage = next(part.usage for part in reversed(parts) if part.usage)
    else:
        answer = chat.create(model=flags.model, messages=messages, extra_headers=headers)
        completion = answer.parse()
        chunks = [completion.choices[0].message.content or ""]
        usage = completion.usage
    told = {
        "text": "".join(chunks),
        "event_id": answer.headers.get("x-quotah-event-id", ""),
        "chunks": len(chunks),
        "usage": usage.model_dump(exclude_none=True) if usage else None,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
