"""A disk that is full, and is not any more."""

from __future__ import annotations

import resource
from collections.abc import Callable, Generator

import pytest

FREE = resource.RLIM_INFINITY


@pytest.fixture
def limit_files() -> Generator[Callable[[int], None]]:
    """Bounds the size of every file that this process writes; writes beyond it fail with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size if size >= 0 else soft, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
