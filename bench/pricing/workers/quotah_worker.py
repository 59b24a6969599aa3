"""Quotah. read and price: ``record``, from the provider's usage object to the priced event. price: the
same from units."""

from __future__ import annotations

import sys

from serve import Case, Priced, first, serve


def price_first(case: Case) -> object:
    from quotah_server.catalog.book import load_packaged
    from quotah_server.pipeline.line import read_line
    from quotah_server.pipeline.record import record

    book = load_packaged()
    return record(read_line(case, book)[0], book).cost_usd


def main() -> None:
    from quotah_server import __version__
    from quotah_server.catalog.book import load_packaged
    from quotah_server.pipeline.line import read_line
    from quotah_server.pipeline.record import cost_of, record, usage_of

    book = load_packaged()

    def prepare(case: Case) -> dict[str, Priced]:
        call, _ = read_line(case, book)
        usage = usage_of(call)
        if record(call, book).cost_usd is None:
            raise LookupError
        return {
            "read and price": lambda: record(call, book),
            "price": lambda: cost_of(call, usage, book),
        }

    serve(__version__, prepare)


if __name__ == "__main__":
    if sys.argv[1:2] == ["first"]:
        first(price_first)
    else:
        main()
