"""SQL as typed parts: text of our own and parameters, never mixed.

A ``Sql`` is a sequence of fragments; a value of a user is always a ``Param`` and reaches the engine
as a positional parameter. A dialect turns the whole into its text and its list of values.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

ParamKind = Literal["text", "int", "float", "money", "bool", "time", "uuid"]
Value = str | int | float | Decimal | bool | datetime


class Param(msgspec.Struct, frozen=True):
    """A value and the type that the engine shall read it as."""

    value: Value
    kind: ParamKind


class Sql(msgspec.Struct, frozen=True):
    """Fragments in order; a plain string among them is SQL that we wrote."""

    parts: tuple[str | Param, ...]

    def __add__(self, other: Sql | str) -> Sql:
        return Sql((*self.parts, *_parts(other)))

    def __radd__(self, other: str) -> Sql:
        return Sql((other, *self.parts))


def raw(text: str) -> Sql:
    """SQL that we wrote; never give it a value of a user."""
    return Sql((text,))


def param(value: Value, kind: ParamKind) -> Sql:
    """A value, to be handed to the engine beside the text."""
    return Sql((Param(value, kind),))


def join(separator: str, items: Iterable[Sql | str]) -> Sql:
    """Put fragments one after another with a separator of ours between them."""
    parts: list[str | Param] = []
    for item in items:
        if parts:
            parts.append(separator)
        parts.extend(_parts(item))
    return Sql(tuple(parts))


def _parts(item: Sql | str) -> tuple[str | Param, ...]:
    return (item,) if isinstance(item, str) else item.parts
