"""Price books on the shelf: kept whole, found by version, never mixed up."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from quotah_server.catalog.book import encode, load_packaged
from quotah_server.catalog.terms import Override, Terms
from quotah_server.store.books import BookShelf

HALF = Terms((Override("o1", "openai", "gpt-4o", factor=Decimal("0.5")),))


def test_a_book_comes_back_as_it_was_put(tmp_path: Path) -> None:
    book = load_packaged()
    BookShelf(tmp_path / "books").put(book)
    found = BookShelf(tmp_path / "books").get(book.version)
    assert found is not None
    assert encode(found) == encode(book)


def test_putting_a_book_twice_leaves_one_file(tmp_path: Path) -> None:
    shelf = BookShelf(tmp_path)
    shelf.put(load_packaged())
    shelf.put(load_packaged())
    assert [path.name for path in tmp_path.iterdir()] == [f"{load_packaged().version}.jsonl"]


def test_what_is_not_there_or_no_version_is_none(tmp_path: Path) -> None:
    shelf = BookShelf(tmp_path)
    for version in ("0123456789ab", "", "../secret", "v1", "x" * 1000):
        assert shelf.get(version) is None


def test_a_damaged_book_is_not_taken_for_the_one_it_was(tmp_path: Path) -> None:
    book = load_packaged()
    BookShelf(tmp_path).put(book)
    path = tmp_path / f"{book.version}.jsonl"
    path.write_bytes(encode(book).replace(b"gpt-4o", b"gpt-4p"))
    assert BookShelf(tmp_path).get(book.version) is None
    path.write_bytes(b"{")
    assert BookShelf(tmp_path).get(book.version) is None


def test_a_book_under_terms_is_a_small_file_beside_its_list(tmp_path: Path) -> None:
    view = load_packaged().under(HALF)
    BookShelf(tmp_path).put(view)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{load_packaged().version}.jsonl",
        f"{view.version}.json",
    }
    assert (tmp_path / f"{view.version}.json").stat().st_size < 1000
    found = BookShelf(tmp_path).get(view.version)
    assert found is not None
    assert (found.version, found.terms) == (view.version, HALF)
    assert found.base.version == load_packaged().version


def test_a_view_is_none_without_its_list_and_there_again_with_it(tmp_path: Path) -> None:
    view = load_packaged().under(HALF)
    shelf = BookShelf(tmp_path)
    shelf.put(view)
    base = tmp_path / f"{load_packaged().version}.jsonl"
    kept = base.read_bytes()
    base.unlink()
    fresh = BookShelf(tmp_path)
    assert fresh.get(view.version) is None
    base.write_bytes(kept)
    assert fresh.get(view.version) is not None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"base": "0123456789ab", "terms": {}}', b'{"base": "../x", "terms": {}}'],
)
def test_a_damaged_view_is_none(tmp_path: Path, content: bytes) -> None:
    view = load_packaged().under(HALF)
    BookShelf(tmp_path).put(view)
    (tmp_path / f"{view.version}.json").write_bytes(content)
    assert BookShelf(tmp_path).get(view.version) is None


def test_a_view_whose_terms_were_changed_on_disk_is_not_taken_for_the_one_it_was(
    tmp_path: Path,
) -> None:
    view = load_packaged().under(HALF)
    BookShelf(tmp_path).put(view)
    path = tmp_path / f"{view.version}.json"
    path.write_bytes(path.read_bytes().replace(b'"0.5"', b'"0.4"'))
    assert BookShelf(tmp_path).get(view.version) is None


def test_the_bytes_of_a_list_book_are_given_out(tmp_path: Path) -> None:
    shelf = BookShelf(tmp_path)
    shelf.put(load_packaged().under(HALF))
    assert shelf.data(load_packaged().version) == encode(load_packaged())
    for version in ("0123456789ab", "../secret", load_packaged().under(HALF).version):
        assert shelf.data(version) is None
