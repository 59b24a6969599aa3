"""The books that price now: swapped whole, kept before they are used."""

from __future__ import annotations

import threading
from decimal import Decimal

from quotah_server.catalog.book import Book, load_packaged
from quotah_server.catalog.terms import LIST_PRICES, Override, Terms
from quotah_server.pipeline.prices import Prices

HALF = Terms((Override("o1", "openai", "gpt-4o", factor=Decimal("0.5")),))
FREE = Terms((Override("o2", "*", "*", factor=Decimal(0)),))


def another_book() -> Book:
    """A list book of another version: it knows one unit more."""
    return Book(load_packaged().data + b'{"unit":"parcel","per":1,"name":"parcels"}\n')


def test_a_workspace_without_terms_pays_the_list() -> None:
    prices = Prices(load_packaged())
    assert prices.book_for("w1") is prices.book
    assert prices.terms_of("w1") == LIST_PRICES


def test_terms_hold_for_their_workspace_alone() -> None:
    prices = Prices(load_packaged())
    view = prices.set_terms("w1", HALF)
    assert prices.book_for("w1") is view
    assert view.version == load_packaged().under(HALF).version
    assert prices.book_for("w2") is prices.book


def test_terms_that_are_taken_back_leave_the_list() -> None:
    prices = Prices(load_packaged())
    prices.set_terms("w1", HALF)
    prices.set_terms("w1", LIST_PRICES)
    assert prices.book_for("w1") is prices.book


def test_another_list_book_comes_under_the_same_terms() -> None:
    prices = Prices(load_packaged())
    prices.set_terms("w1", HALF)
    prices.set_book(another_book())
    assert prices.book.version == another_book().version
    assert prices.book_for("w1").version == another_book().under(HALF).version
    assert prices.book_for("w2").version == another_book().version


def test_everything_is_set_at_once_and_what_stays_is_not_worked_out_again() -> None:
    prices = Prices(load_packaged())
    before = prices.set_terms("w1", HALF)
    prices.set_terms("w2", HALF)
    prices.replace(load_packaged(), {"w1": HALF, "w3": FREE, "w4": LIST_PRICES})
    assert prices.book_for("w1") is before
    assert prices.book_for("w2") is prices.book
    assert prices.terms_of("w3") == FREE
    assert prices.book_for("w4") is prices.book


def test_a_book_is_kept_before_it_prices_anything() -> None:
    seen: list[tuple[str, str]] = []

    def keep(book: Book) -> None:
        seen.append((book.version, now.book_for("w1").version if seen else ""))

    now: Prices
    now = Prices(load_packaged(), keep)
    first = load_packaged().version
    view = now.set_terms("w1", HALF)
    now.set_book(another_book())
    assert [version for version, _ in seen] == [
        first,
        view.version,
        another_book().version,
        another_book().under(HALF).version,
    ]
    assert [used for _, used in seen] == ["", first, view.version, view.version]


def test_a_book_that_cannot_be_kept_does_not_price() -> None:
    full = threading.Event()

    def keep(_book: Book) -> None:
        if full.is_set():
            raise OSError("no space left")

    prices = Prices(load_packaged(), keep)
    full.set()
    for change in (lambda: prices.set_terms("w1", HALF), lambda: prices.set_book(another_book())):
        try:
            change()
        except OSError:
            continue
        raise AssertionError("an unkept book was taken")
    assert prices.book_for("w1").version == load_packaged().version


def test_changes_from_many_threads_all_count() -> None:
    prices = Prices(load_packaged())
    threads = [
        threading.Thread(target=prices.set_terms, args=(f"w{number}", HALF)) for number in range(32)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(prices.terms_of(f"w{number}") == HALF for number in range(32))
