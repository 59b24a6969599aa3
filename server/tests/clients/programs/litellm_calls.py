"""LiteLLM's SDK pointed at the gateway: every vendor it can reach there. Prints what it got as JSON.

GATEWAY_URL, GATEWAY_KEY. Run by the interpreter of .venv-clients.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

URL, KEY = os.environ["GATEWAY_URL"], os.environ["GATEWAY_KEY"]
ASK = [{"role": "user", "content": "Hello"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
VENDORS: dict[str, dict[str, Any]] = {
    "openai": {"model": "openai/gpt-4o", "api_base": f"{URL}/openai/v1"},
    "azure": {
        "model": "azure/gpt-4o",
        "api_base": f"{URL}/azure",
        "api_version": "2024-10-21",
    },
    "anthropic": {"model": "anthropic/claude-sonnet-4-6", "api_base": f"{URL}/anthropic"},
    "gemini": {"model": "gemini/gemini-2.5-flash", "api_base": f"{URL}/gemini/v1beta"},
    "cohere": {"model": "cohere_chat/command-r7b-12-2024", "api_base": f"{URL}/cohere/v2/chat"},
    "mistral": {"model": "mistral/mistral-large-latest", "api_base": f"{URL}/mistral/v1"},
    "groq": {"model": "groq/llama-3.3-70b-versatile", "api_base": f"{URL}/groq/v1"},
}


UNREADABLE = {"cohere"}
"""Vendors whose event streams this version of LiteLLM cannot read, through a gateway or not."""


def whole(**more: Any) -> str:
    answer = litellm.completion(messages=ASK, api_key=KEY, num_retries=0, **more)
    return answer.choices[0].message.content


def streamed(**more: Any) -> str:
    chunks = litellm.completion(messages=ASK, api_key=KEY, stream=True, num_retries=0, **more)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


async def asynchronous(**more: Any) -> str:
    answer = await litellm.acompletion(messages=ASK, api_key=KEY, num_retries=0, **more)
    return answer.choices[0].message.content


def tool(**more: Any) -> str:
    asked = [{"role": "user", "content": "get weather"}]
    answer = litellm.completion(messages=asked, api_key=KEY, tools=[WEATHER], num_retries=0, **more)
    return answer.choices[0].message.tool_calls[0].function.arguments


def main() -> None:
    said: dict[str, Any] = {}
    for name, more in VENDORS.items():
        said[name] = {
            "whole": whole(**more),
            "streamed": None if name in UNREADABLE else streamed(**more),
            "async": asyncio.run(asynchronous(**more)),
            "tool": json.loads(tool(**more)),
        }
    vectors = litellm.embedding(
        model="openai/text-embedding-3-small", input=["a"], api_base=f"{URL}/openai/v1", api_key=KEY
    )
    said["embedding"] = len(vectors.data[0]["embedding"])
    response = litellm.responses(
        model="openai/gpt-4o", input="Hello", api_base=f"{URL}/openai/v1", api_key=KEY
    )
    said["response"] = response.output[0].content[0].text
    print(json.dumps(said))


main()
