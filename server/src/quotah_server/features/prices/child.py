"""Runs one of the catalogue's programs within bounds that it cannot leave: ``child.py module arguments…``.

The parent ends a child that takes too long, but a parent may be killed itself; and foreign data may
want all the memory that a machine has.
"""

from __future__ import annotations

import contextlib
import resource
import runpy
import sys

CPU_S = 120
MEMORY_BYTES = 2 * 1024**3
FILE_BYTES = 256 * 1024**2
_BOUNDS = (
    (resource.RLIMIT_CPU, CPU_S),
    (resource.RLIMIT_AS, MEMORY_BYTES),
    (resource.RLIMIT_FSIZE, FILE_BYTES),
)


def main() -> None:
    """Bound this process, then become the program."""
    for kind, most in _BOUNDS:
        # A system that knows no such bound, or sets a lower one, is left alone.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
