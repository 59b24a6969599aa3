"""A control plane that takes requests and never answers: noticed, survived, and forgotten once it is back."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx2
import msgspec
import pytest
from gateway.rig import DEADLINE_S, Rig, book, reply, until
from gateway.test_prices import NEXT

from quotah_server.domain.snapshot import Snapshot
from quotah_server.gateway import control, snapshot_holder
from quotah_server.gateway.books import GatewayBooks
from quotah_server.gateway.control import ControlPlane
from quotah_server.kit.clock import utc_now

HELD_S = 5.0
"""A revoked key stops within this time, and a control plane that hangs is noticed."""
SNAPSHOT = "/internal/v1/snapshot"


def test_the_waits_add_up_to_what_is_promised() -> None:
    asked = snapshot_holder._WAIT_S + control.SNAPSHOT_SLACK_S  # pyright: ignore[reportPrivateUsage] -- the promise is made of it
    pause = snapshot_holder._LONGEST_PAUSE_S  # pyright: ignore[reportPrivateUsage] -- as above
    assert asked + pause <= HELD_S


def test_a_snapshot_that_never_comes_is_given_up(rig: Rig) -> None:
    rig.control.hung = (SNAPSHOT,)
    plane = ControlPlane(rig.socket_path)
    before = time.monotonic()
    with pytest.raises(OSError, match="timed out"):
        plane.snapshot(1, 0.2)
    assert time.monotonic() - before < HELD_S


def test_a_control_plane_that_hangs_counts_as_away_and_known_keys_go_on(rig: Rig) -> None:
    rig.provider.answer = reply(b"{}")
    assert rig.gateway is not None
    holder = rig.gateway.holder
    until(lambda: holder.control_plane_up, "it is up")
    rig.control.hung = (SNAPSHOT,)
    rig.publish(rig.make_snapshot(1))
    until(lambda: not holder.control_plane_up, "it counts as away")
    url = f"{rig.url}/openai/v1/models"
    assert httpx2.get(url, headers=rig.bearer, timeout=DEADLINE_S).status_code == 200
    unknown = {"authorization": "Bearer qk_gw_unknown"}
    assert httpx2.get(url, headers=unknown, timeout=DEADLINE_S).status_code in (401, 503)
    rig.control.hung = ()
    until(lambda: holder.control_plane_up, "it is back")


def test_a_key_that_was_revoked_meanwhile_stops_once_it_is_back(rig: Rig) -> None:
    rig.provider.answer = reply(b"{}")
    assert rig.gateway is not None
    holder = rig.gateway.holder
    rig.control.hung = (SNAPSHOT,)
    rig.publish(rig.make_snapshot(1))
    until(lambda: not holder.control_plane_up, "it counts as away")
    rig.publish(rig.make_snapshot(2, keys=[]))
    rig.control.hung = ()
    assert holder.wait_for(2, DEADLINE_S)
    url = f"{rig.url}/openai/v1/models"
    assert httpx2.get(url, headers=rig.bearer, timeout=DEADLINE_S).status_code == 401


def named(version: int) -> Snapshot:
    return Snapshot(version, utc_now(), book_version=NEXT.version)


class Slow:
    """Gives a book only once it is let go."""

    def __init__(self, data: bytes) -> None:
        self.data, self.asked = data, 0
        self.go = threading.Event()

    def __call__(self, version: str) -> bytes:
        del version
        self.asked += 1
        assert self.go.wait(DEADLINE_S)
        return self.data


def test_a_book_that_does_not_come_holds_no_snapshot_up(tmp_path: Path) -> None:
    slow = Slow(NEXT.data)
    books = GatewayBooks(book(), tmp_path, slow)
    took: list[float] = []
    for version in range(1, 3):
        before = time.monotonic()
        books.adopt(named(version))
        books.catch_up()
        took.append(time.monotonic() - before)
    assert max(took) < HELD_S
    assert slow.asked == 1, "it is asked for once, however long it takes"
    assert books.behind
    assert books.prices.book.version == book().version
    slow.go.set()

    def here() -> bool:
        books.catch_up()
        return not books.behind

    until(here, "the book is adopted")
    assert books.prices.book.version == NEXT.version


def test_while_one_book_hangs_a_newer_one_is_fetched(tmp_path: Path) -> None:
    hangs = threading.Event()

    def fetch(version: str) -> bytes:
        if version != NEXT.version:
            assert hangs.wait(DEADLINE_S)
            raise ConnectionResetError
        return NEXT.data

    books = GatewayBooks(book(), tmp_path, fetch)
    books.adopt(msgspec.structs.replace(named(1), book_version="a" * 32))
    assert books.behind
    books.adopt(named(2))

    def here() -> bool:
        books.catch_up()
        return not books.behind

    until(here, "the newer book is adopted")
    assert books.prices.book.version == NEXT.version
    hangs.set()


def test_revocation_does_not_wait_for_a_book(rig: Rig) -> None:
    rig.control.hung = ("/internal/v1/books",)
    assert rig.gateway is not None
    gone = msgspec.structs.replace(rig.make_snapshot(2, keys=[]), book_version=NEXT.version)
    before = time.monotonic()
    rig.publish(gone)
    assert rig.gateway.holder.wait_for(2, DEADLINE_S)
    assert time.monotonic() - before < HELD_S
    url = f"{rig.url}/openai/v1/models"
    assert httpx2.get(url, headers=rig.bearer, timeout=DEADLINE_S).status_code == 401
