"""Tokens of a request before anybody answered it: exact where that can be known, else an estimate
that says so.

Exact are texts and embeddings at a model whose encoding is public, and chat messages of role, name
and text where OpenAI has published what framing them costs: 3 a message, 1 a name, 3 for the answer
to come. Tools and images are estimates everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

import msgspec

from quotah_server.tokens.encodings import count_text
from quotah_server.tokens.family import family_of
from quotah_server.tokens.images import image_tokens
from quotah_server.tokens.models import O200K, bare, encoding_of, is_framing_known
from quotah_server.tokens.prompt import Prompt, read_prompt

_PER_MESSAGE, _PER_NAME, _PRIMING = 3, 1, 3


class Count(msgspec.Struct, frozen=True):
    """tokens: of the input. exact: counted as the provider bills. method: ``tiktoken:o200k_base``,
    ``estimate:claude`` or ``provider``. factor: what o200k's count was multiplied by, for estimates."""

    tokens: int
    exact: bool
    method: str
    factor: float | None = None


def count(model: str, body: Mapping[str, Any], provider: str | None = None) -> Count:
    """Count a request (see ``prompt.read_prompt``). provider: our name, for models that say nothing.

    Blocks for 30 ms a megabyte, and a quarter of a second the first time: not for an event loop.
    """
    prompt = read_prompt(body)
    encoding = encoding_of(model)
    family = family_of(model, provider)
    tokens, certain = _tokens(prompt, encoding or O200K)
    images = sum(image_tokens(bare(model), url, detail) for url, detail in prompt.images)
    if encoding is None:
        tokens = ceil(tokens * family.factor) + prompt.given + images
        return Count(tokens, False, f"estimate:{family.name}", family.factor)
    framed = not prompt.messages or is_framing_known(model)
    return Count(
        tokens + prompt.given + images,
        certain and framed and prompt.is_plain,
        f"tiktoken:{encoding}",
    )


def count_output(model: str | None, text: str, provider: str | None = None) -> int:
    """Tokens of generated text: by the model's encoding, or o200k × the factor of its family."""
    encoding = encoding_of(model or "")
    tokens = count_text(encoding or O200K, text).tokens
    return tokens if encoding else ceil(tokens * family_of(model or "", provider).factor)


def _tokens(prompt: Prompt, encoding: str) -> tuple[int, bool]:
    """Tokens of everything but images, and whether each text was counted whole."""
    total, certain = 0, True

    def add(text: str) -> None:
        nonlocal total, certain
        counted = count_text(encoding, text)
        total += counted.tokens
        certain = certain and counted.exact

    for text in (*prompt.texts, *prompt.tools):
        add(text)
    for message in prompt.messages:
        total += _PER_MESSAGE + (_PER_NAME if message.named else 0)
        for text in message.texts:
            add(text)
    if prompt.messages:
        total += _PRIMING
    return total, certain
