"""Passwords: argon2id, on threads of their own, a bounded number at a time.

One check takes 64 MiB and some 50 ms of a core; without the bound a flood of sign-ins would take the
memory and the event loop with it.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from quotah_server.domain.errors import UnavailableError

_RESULT = TypeVar("_RESULT")
_WORKERS = 2
_WAITING_MAX = 32


class Passwords:
    """Hash and check passwords. ``hasher`` sets the cost; the default is RFC 9106's low-memory one."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobodys = _hash_of_nothing(self._hasher)

    async def hash(self, password: str) -> str:
        """Hash a new password."""
        return await self._run(lambda: self._hasher.hash(password))

    async def check(self, password_hash: str | None, password: str) -> bool:
        """Tell whether a password is right. Without a hash the work is the same and the answer no, so
        that time does not tell which accounts exist."""
        return await self._run(lambda: self._check(password_hash or self._nobodys, password))

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], _RESULT]) -> _RESULT:
        if self._waiting >= _WAITING_MAX:
            raise UnavailableError(
                "Too many sign-ins at once; try again in a moment.", retry_after_s=2
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    def chance(length: int) -> str:
        return base64.b64encode(os.urandom(length)).decode().rstrip("=")

    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${chance(hasher.salt_len)}${chance(hasher.hash_len)}"
