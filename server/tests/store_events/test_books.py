"""Price books on the shelf: kept whole, found by version, never mixed up."""

from __future__ import annotations

from pathlib import Path

from quotah_server.catalog.book import encode, load_packaged
from quotah_server.store.books import BookShelf


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
