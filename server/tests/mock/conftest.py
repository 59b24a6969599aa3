"""One stand-in per test, on a free port, and the vendors' own clients pointed at it."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import openai
import pytest

from quotah_server.mock.background import BackgroundMock


@pytest.fixture
def mock() -> Iterator[BackgroundMock]:
    with BackgroundMock() as running:
        yield running


@pytest.fixture
def client(mock: BackgroundMock) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=mock.openai_url, api_key="sk-test", max_retries=0) as made:
        yield made


@pytest.fixture
def claude(mock: BackgroundMock) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=mock.anthropic_url, api_key="sk-ant-test", max_retries=0
    ) as made:
        yield made
