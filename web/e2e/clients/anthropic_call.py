"""One call through the gateway with Anthropic's own client; prints what came back as JSON."""

from __future__ import annotations

import argparse
import json
import os

from anthropic import Anthropic


def main() -> None:
    """Parse the flags, make the call, print {text, event_id, chunks, usage}."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", default="claude-sonnet-4-5")
    parser.add_argument("--prompt", default="Name three rivers.")
    parser.add_argument("--feature", default="")
    parser.add_argument("--stream", action="store_true")
    flags = parser.parse_args()
    headers = {"x-quotah-feature": flags.feature} if flags.feature else {}
    client = Anthropic(
        base_url=flags.base_url, api_key=os.environ["QUOTAH_GATEWAY_KEY"], max_retries=0
    )
    answer = client.messages.with_raw_response.create(
        model=flags.model,
        max_tokens=256,
        messages=[{"role": "user", "content": flags.prompt}],
        stream=flags.stream,
        extra_headers=headers,
    )
    usage: dict[str, object] = {}
    chunks: list[str] = []
    if flags.stream:
        for event in answer.parse():
            if event.type == "message_start":
                usage |= event.message.usage.model_dump(exclude_none=True)
            elif event.type == "message_delta":
                usage |= event.usage.model_dump(exclude_none=True)
            elif event.type == "content_block_delta" and event.delta.type == "text_delta":
                chunks.append(event.delta.text)
    else:
        message = answer.parse()
        usage = message.usage.model_dump(exclude_none=True)
        chunks = [block.text for block in message.content if block.type == "text"]
    told = {
        "text": "".join(chunks),
        "event_id": answer.headers.get("x-quotah-event-id", ""),
        "chunks": len(chunks),
        "usage": usage,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
