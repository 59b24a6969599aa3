"""LangChain's chat models pointed at the gateway. Prints what they got as JSON.

GATEWAY_URL, GATEWAY_KEY. Run by the interpreter of .venv-clients.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import tool
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

URL, KEY = os.environ["GATEWAY_URL"], os.environ["GATEWAY_KEY"]


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


@tool
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


MODELS: dict[str, BaseChatModel] = {
    "openai": ChatOpenAI(model="gpt-4o", base_url=f"{URL}/openai/v1", api_key=SecretStr(KEY)),
    "responses": ChatOpenAI(
        model="gpt-4o", base_url=f"{URL}/openai/v1", api_key=SecretStr(KEY), use_responses_api=True
    ),
    "azure": AzureChatOpenAI(
        azure_deployment="gpt-4o",
        azure_endpoint=f"{URL}/azure",
        api_version="2024-10-21",
        api_key=SecretStr(KEY),
    ),
    "anthropic": ChatAnthropic(
        model_name="claude-sonnet-4-6", base_url=f"{URL}/anthropic", api_key=SecretStr(KEY)
    ),
}


def run(model: BaseChatModel) -> dict[str, Any]:
    chunks = list(model.stream("Hello"))
    called = model.bind_tools([get_weather]).invoke("get weather")
    return {
        "whole": model.invoke("Hello").text,
        "streamed": "".join(chunk.text for chunk in chunks),
        "async": asyncio.run(model.ainvoke("Hello")).text,
        "tool": called.tool_calls[0]["args"],
        "structured": model.with_structured_output(Person).invoke("Who?").model_dump(),
        "ids": [called.response_metadata.get("id")],
    }


def main() -> None:
    said: dict[str, Any] = {name: run(model) for name, model in MODELS.items()}
    vectors = OpenAIEmbeddings(
        model="text-embedding-3-small",
        base_url=f"{URL}/openai/v1",
        api_key=SecretStr(KEY),
        check_embedding_ctx_length=False,
    )
    said["embedding"] = len(vectors.embed_query("a"))
    print(json.dumps(said))


main()
