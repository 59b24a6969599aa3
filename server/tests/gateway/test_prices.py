"""The gateway prices by the book and the terms that the newest snapshot names."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import httpx2
import msgspec
import pytest
from gateway.rig import DEADLINE_S, WORKSPACE, Rig, book, reply, until

from quotah_server.catalog.book import Book
from quotah_server.catalog.terms import Override, Terms, encode
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.snapshot import Snapshot
from quotah_server.gateway.books import GatewayBooks

HALF = Terms((Override("o1", "openai", "gpt-4o-mini", factor=Decimal("0.5")),))
NEXT = Book(book().data + b'{"unit":"parcel","per":1,"name":"parcels"}\n')
ANSWER = (
    b'{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o-mini","choices":[],'
    b'"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}'
)


def called(rig: Rig) -> PricedEvent:
    """The event of one more call."""
    rig.provider.answer = reply(ANSWER)
    before = len(rig.control.events)
    body = {"model": "gpt-4o-mini", "messages": []}
    url = f"{rig.url}/openai/v1/chat/completions"
    assert httpx2.post(url, headers=rig.bearer, json=body).status_code == 200
    return rig.events(before + 1)[-1]


def told(rig: Rig, version: int, book_version: str = "", **terms: Terms) -> Snapshot:
    by_workspace = {name: encode(found) for name, found in terms.items()}
    made = rig.make_snapshot(version)
    return msgspec.structs.replace(made, book_version=book_version, terms=by_workspace)


def publish(rig: Rig, snapshot: Snapshot) -> None:
    rig.publish(snapshot)
    assert rig.gateway is not None
    assert rig.gateway.holder.wait_for(snapshot.version, DEADLINE_S)


def test_a_workspace_pays_by_its_terms_from_the_snapshot_on_that_brings_them(rig: Rig) -> None:
    assert called(rig).price_version == book().version
    publish(rig, told(rig, 2, book().version, **{WORKSPACE: HALF}))
    assert called(rig).price_version == book().under(HALF).version
    publish(rig, told(rig, 3, book().version))
    assert called(rig).price_version == book().version


def test_terms_of_one_workspace_are_not_those_of_another(rig: Rig) -> None:
    publish(rig, told(rig, 2, book().version, other=HALF))
    assert called(rig).price_version == book().version


def test_a_new_list_book_is_fetched_once_and_priced_by(rig: Rig) -> None:
    rig.control.books[NEXT.version] = NEXT.data
    publish(rig, told(rig, 2, NEXT.version))
    assert called(rig).price_version == NEXT.version
    publish(rig, told(rig, 3, NEXT.version, **{WORKSPACE: HALF}))
    assert called(rig).price_version == NEXT.under(HALF).version
    assert rig.control.asked_for == [NEXT.version]


def test_until_a_book_is_there_pricing_goes_on_as_before(rig: Rig) -> None:
    publish(rig, told(rig, 2, book().version, **{WORKSPACE: HALF}))
    publish(rig, told(rig, 3, NEXT.version))
    assert called(rig).price_version == book().under(HALF).version
    rig.control.books[NEXT.version] = NEXT.data
    until(lambda: called(rig).price_version == NEXT.version, "the book is fetched")


def test_a_book_whose_bytes_are_not_its_versions_is_refused(rig: Rig) -> None:
    rig.control.books[NEXT.version] = NEXT.data.replace(b"parcels", b"bundles")
    publish(rig, told(rig, 2, NEXT.version))
    assert called(rig).price_version == book().version


def test_terms_that_cannot_be_read_leave_the_list(rig: Rig) -> None:
    made = rig.make_snapshot(2)
    publish(rig, msgspec.structs.replace(made, terms={WORKSPACE: b'{"overrides": 7}'}))
    assert called(rig).price_version == book().version


def test_a_restart_without_the_control_plane_prices_as_before_it(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        rig.control.books[NEXT.version] = NEXT.data
        publish(rig, told(rig, 2, NEXT.version, **{WORKSPACE: HALF}))
        called(rig)
    kept = [path.name for path in (tmp_path / "gateway" / "books").iterdir()]
    assert kept == [f"{NEXT.version}.jsonl"]

    with Rig(tmp_path, control_up=False) as again:
        assert again.gateway is not None
        assert again.gateway.prices.book_for(WORKSPACE).version == NEXT.under(HALF).version


def test_books_that_are_no_longer_in_force_leave_the_gateways_folder(rig: Rig) -> None:
    later = Book(NEXT.data + b'{"unit":"crate","per":1,"name":"crates"}\n')
    for number, found in enumerate((NEXT, later), start=2):
        rig.control.books[found.version] = found.data
        publish(rig, told(rig, number, found.version))
    assert called(rig).price_version == later.version
    kept = [path.stem for path in (rig.folder / "gateway" / "books").iterdir()]
    assert kept == [later.version]


def test_a_snapshot_that_breaks_something_does_not_end_the_following(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, broken = GatewayBooks.adopt, threading.Event()

    def adopt(books: GatewayBooks, snapshot: Snapshot) -> None:
        if snapshot.version == 2:
            broken.set()
            raise RuntimeError("nobody thought of this")
        sound(books, snapshot)

    monkeypatch.setattr(GatewayBooks, "adopt", adopt)
    rig.publish(told(rig, 2, book().version))
    assert broken.wait(DEADLINE_S)
    publish(rig, told(rig, 3, book().version, **{WORKSPACE: HALF}))
    assert called(rig).price_version == book().under(HALF).version
