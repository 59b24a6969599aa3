"""The newest stored ids in memory, so that the usual batch is not looked up in the file.

Ids sort by time. Of every stored id above a floor the body hash is here; so an id above the floor that
is not here is not stored. Only older ones have to be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MAX_IDS = 50_000
"""Some 10 MB; beyond it the older half is let go and the floor rises."""


class RecentIds:
    """Guarded by its owner's lock. Built from the newest id that is stored, "" for none."""

    def __init__(self, newest: str, *, max_ids: int = MAX_IDS) -> None:
        self._floor = newest
        self._max_ids = max_ids
        self._hashes: dict[str, int] = {}

    def split(self, event_ids: Iterable[str]) -> tuple[dict[str, int], list[str]]:
        """Which of these ids are stored (with their hash), and which only the file can tell."""
        known: dict[str, int] = {}
        open_: list[str] = []
        for event_id in event_ids:
            if event_id <= self._floor:
                open_.append(event_id)
            elif (found := self._hashes.get(event_id)) is not None:
                known[event_id] = found
        return known, open_

    def add(self, stored: Mapping[str, int]) -> None:
        """Take note of ids that are committed now."""
        floor = self._floor
        self._hashes.update((name, hashed) for name, hashed in stored.items() if name > floor)
        if len(self._hashes) > self._max_ids:
            ordered = sorted(self._hashes)
            kept = ordered[len(ordered) // 2 :]
            self._floor = ordered[len(ordered) // 2 - 1]
            self._hashes = {name: self._hashes[name] for name in kept}
