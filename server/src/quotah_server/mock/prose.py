"""Deterministic, believable answers, and the one rule by which tokens are counted.

The rule: a text has one token for every four bytes of its UTF-8 form, rounded up. It is close to
the truth for English, the same on both sides of every test, and easy to do in one's head.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice

BYTES_PER_TOKEN = 4

_SENTENCES = (
    "The short answer is yes, with two conditions worth checking first.",
    "Start with the smallest change that could work and measure it.",
    "Most of the cost comes from the input, not from the answer.",
    "A cached prefix is read at a fraction of the usual price.",
    "Keep the stable part of the prompt at the front so that it can be reused.",
    "In the last release this behaviour became the default.",
    "If the first attempt fails, wait as long as the provider asks before the next.",
    "The table below compares the three options by price and by speed.",
    "It helps to write down what success looks like before tuning anything.",
    "Both approaches give the same result for small inputs.",
    "Longer contexts are slower to start but not slower to finish.",
    "There is one exception, and it is documented.",
    "That leaves the question of who owns the budget.",
    "Here is a plan in four steps, each of which can be undone.",
    "Numbers are easier to trust when the line items add up.",
    "Nothing else needs to change for this to take effect.",
)


def count_tokens(text: str) -> int:
    """Count the tokens of a text by the rule of this module."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def seed_of(*parts: str) -> int:
    """Turn texts into a number that is the same on every machine and in every run."""
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def write_text(seed: int, tokens: int) -> str:
    """Write prose of exactly ``tokens`` tokens (ASCII, so four characters each)."""
    length = tokens * BYTES_PER_TOKEN
    parts: list[str] = []
    written = 0
    for sentence in _sentences(seed):
        if written > length:
            break
        parts.append(sentence)
        written += len(sentence) + 1
    text = " ".join(parts)[:length]
    return text[:-1] + "." if text.endswith(" ") else text


def write_sentences(seed: int, count: int) -> str:
    """Write so many whole sentences."""
    return " ".join(islice(_sentences(seed), count))


def _sentences(seed: int) -> Iterator[str]:
    step = seed
    while True:
        yield _SENTENCES[step % len(_SENTENCES)]
        step = step * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        step ^= step >> 33


def split_text(text: str, pieces: int) -> list[str]:
    """Split a text into so many pieces of nearly equal length (fewer when it is shorter)."""
    count = max(1, min(pieces, len(text)))
    bounds = [len(text) * i // count for i in range(count + 1)]
    return [text[bounds[i] : bounds[i + 1]] for i in range(count)]
