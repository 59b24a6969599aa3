"""Rows as an Arrow table: the quickest way of a batch into DuckDB (see docs/adr/0201)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from arro3.core import Array, DataType, Table

from quotah_server.store.events.rows import COLUMNS, Kind

Columns = Sequence[tuple[str, Kind]]

_TYPES: dict[Kind, DataType] = {
    "text": DataType.string(),
    "uuid": DataType.string(),
    "time": DataType.int64(),
    "bool": DataType.bool(),
    "uint8": DataType.uint8(),
    "uint16": DataType.uint16(),
    "uint64": DataType.uint64(),
    "int": DataType.int64(),
    "float": DataType.float64(),
    "money": DataType.string(),
    "map": DataType.string(),
}

_CASTS: dict[Kind, str] = {
    "uuid": "CAST({0} AS UUID)",
    "time": "make_timestamp({0})",
    "money": "CAST({0} AS DECIMAL(18, 12))",
    "map": "CAST(CAST({0} AS JSON) AS MAP(VARCHAR, VARCHAR))",
}

SELECT_LIST = ", ".join(_CASTS.get(kind, "{0}").format(name) for name, kind in COLUMNS)
"""Turns the table's columns into the types of ``events``; made of column names only."""


def select_list(columns: Columns) -> str:
    """Turns a table's columns into the types of the engine; made of column names only."""
    return ", ".join(f"{_CASTS.get(kind, '{0}').format(name)} AS {name}" for name, kind in columns)


def table_of(rows: Sequence[tuple[Any, ...]], columns: Columns = COLUMNS) -> Table:
    """Transpose rows; raises TypeError, ValueError or OverflowError on a bad value."""
    arrays = [
        Array(list(values), _TYPES[kind])
        for values, (_, kind) in zip(zip(*rows, strict=True), columns, strict=True)
    ]
    return Table.from_arrays(arrays, names=[name for name, _ in columns])


def text_table(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Table:
    """Rows of text as a table, one column per name."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return Table.from_arrays(
        [Array(list(values), DataType.string()) for values in columns], names=list(names)
    )
