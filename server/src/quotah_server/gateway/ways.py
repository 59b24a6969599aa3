"""What every way to a provider has in common: headers, the answer, and how it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

Headers = Sequence[tuple[str, str]]


class UpstreamError(Exception):
    """The way to the provider failed. ``kind`` is stable; ``sent``: the provider may have the request."""

    def __init__(self, kind: str, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.sent = sent

    @property
    def timed_out(self) -> bool:
        return self.kind.endswith("timeout")


class UpstreamResponse(Protocol):
    """An answer whose body is still coming. Close it in any case.

    headers: names in lower case; a value that is no ASCII text is left out.
    """

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> list[tuple[str, str]]: ...

    async def chunk(self) -> bytes | None:
        """The next bytes as they arrive, None at the end; raises UpstreamError when it is cut short."""
        ...

    async def pump(self, take: Callable[[bytes], bool]) -> bool:
        """Hand chunks to ``take`` as they arrive, as long as it says True; tells whether the answer
        has ended. Raises UpstreamError when it is cut short."""
        ...

    async def rest(self) -> bytes:
        """All that is still to come, at once; for answers whose announced length is small."""
        ...

    async def close(self) -> None:
        """Release the connection; an answer that is still coming is aborted."""
        ...
