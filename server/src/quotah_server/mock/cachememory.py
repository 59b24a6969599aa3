"""Remembers prompt prefixes, so that a repeated one counts as read from the provider's cache."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from quotah_server.mock.prose import BYTES_PER_TOKEN

MIN_TOKENS = 1024
BLOCK_TOKENS = 128


class PrefixMemory:
    """A bounded set of prefix digests; the least recently used are forgotten first."""

    def __init__(self, capacity: int = 200_000) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._capacity = capacity

    def longest_seen(self, owner: str, prompt: bytes) -> int:
        """Tell how many tokens of ``prompt`` are known, and remember the prompt's own prefixes.

        Counted in blocks of 128, from 1,024 on, else 0. ``owner`` (key and model) keeps caches
        apart.
        """
        block = BLOCK_TOKENS * BYTES_PER_TOKEN
        digest = hashlib.blake2b(owner.encode(), digest_size=16)
        longest = 0
        for blocks in range(1, len(prompt) // block + 1):
            digest.update(prompt[(blocks - 1) * block : blocks * block])
            if blocks * BLOCK_TOKENS >= MIN_TOKENS and self._touch(digest.digest()):
                longest = blocks * BLOCK_TOKENS
        return longest

    def touch(self, owner: str, prefix: bytes) -> bool:
        """Tell whether exactly this prefix was seen before, and remember it."""
        whole = owner.encode() + b"\0" + prefix
        return self._touch(hashlib.blake2b(whole, digest_size=16).digest())

    def _touch(self, key: bytes) -> bool:
        known = key in self._seen
        self._seen[key] = None
        self._seen.move_to_end(key)
        if len(self._seen) > self._capacity:
            self._seen.popitem(last=False)
        return known
