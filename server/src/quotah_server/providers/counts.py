"""Reading counts that others wrote: strict about what a count is, never raising, flagging."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from quotah_server.domain.usage import MAX_COUNT, Usage

Raw = Mapping[str, Any]
EMPTY: Raw = {}
MAX_FLAGS = 16
MAX_FLAG_LENGTH = 80
_FORBIDDING = ("invalid:", "contradiction:", "untold:")
_MAX_DIGITS = 16


class Counts:
    """Collects the flags of one usage object while its counts are read.

    Flags: ``invalid:<field>`` (no count at all: negative, not an integer, beyond belief),
    ``contradiction:<what>`` (parts exceed their whole), ``unknown_unit:<field>`` (counted, we do
    not know as what), ``untold:input``, ``untold:output`` (one half of a call is told, the other is not).
    All but the unknown unit keep a call from being priced.
    """

    def __init__(self) -> None:
        self.flags: list[str] = []

    def read(self, raw: Raw, field: str, within: str = "") -> int | None:
        """The count in a field; None when it is absent, null or no count."""
        value = raw.get(field)
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= MAX_COUNT:
            self.flag(f"invalid:{within}{field}")
            return None
        return value

    def read_number(self, raw: Raw, field: str, within: str = "") -> int | None:
        """Like ``read``, for vendors that write their counts as floats: ``17.0`` is 17."""
        value = raw.get(field)
        if isinstance(value, float):
            value = Decimal(value)
        if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < _MAX_DIGITS:
            value = int(value) if value == value.to_integral_value() else value
        return self.read({field: value}, field, within)

    def first(self, raw: Raw, *fields: str) -> int | None:
        """The count in the first of some fields that is not absent."""
        for field in fields:
            if raw.get(field) is not None:
                return self.read(raw, field)
        return None

    def part(self, raw: Raw, name: str) -> Raw:
        """A nested object; an empty one when it is absent, null or no object."""
        value = raw.get(name)
        if value is None:
            return EMPTY
        if not isinstance(value, dict):
            self.flag(f"invalid:{name}")
            return EMPTY
        return cast("Raw", value)

    def rest(self, whole: int, parts: int, what: str) -> int:
        """What is left of a whole; 0 and a flag when the parts exceed it."""
        if parts > whole:
            self.flag(f"contradiction:{what}")
            return 0
        return whole - parts

    def halves(self, read: int | None, written: int | None) -> None:
        """Flag a call that tells what went in and not what came out, or the reverse: the half that
        is told would read like the whole.
        """
        if (read is None) != (written is None):
            self.flag("untold:input" if read is None else "untold:output")

    def unknown(self, raw: Raw, known: frozenset[str], within: str = "") -> None:
        """Flag positive counts in fields nobody told us of."""
        if raw.keys() <= known:
            return
        for field, value in raw.items():
            if field not in known and type(value) is int and value > 0:
                self.flag(f"unknown_unit:{within}{field}")

    def unknown_tokens(self, raw: Raw, known: frozenset[str], within: str = "") -> None:
        """The same where totals of every kind stand side by side: fields named as tokens alone."""
        named = {field: raw[field] for field in raw if field.endswith("_tokens")}
        self.unknown(named, known, within)

    def flag(self, word: str) -> None:
        """Note something odd, once; of an object full of oddities, the first are enough."""
        word = word[:MAX_FLAG_LENGTH]
        if word in self.flags:
            return
        if len(self.flags) < MAX_FLAGS:
            self.flags.append(word)
        elif word.startswith(_FORBIDDING) and not self.flags[-1].startswith(_FORBIDDING):
            self.flags[-1] = word  # what keeps a call from being priced is never crowded out

    def usage(self, units: dict[str, int], *, estimated: bool = False) -> Usage:
        """The usage made of what was read; sums beyond belief are flagged and left out.

        Where nothing was read, nothing is known of what was consumed: the usage is missing, not zero.
        """
        if units and max(units.values()) > MAX_COUNT:
            for unit in [unit for unit, count in units.items() if count > MAX_COUNT]:
                self.flag(f"invalid:{unit}")
                units = {name: count for name, count in units.items() if name != unit}
        if not units:
            return missing(*self.flags or ("unknown_usage",))
        return Usage(units=units, estimated=estimated, flags=tuple(self.flags))


def missing(*flags: str) -> Usage:
    """The usage of a call whose provider reported none."""
    return Usage(missing=True, flags=flags)


def text(raw: Raw, field: str) -> str | None:
    """A non-empty string in a field."""
    value = raw.get(field)
    return value if isinstance(value, str) and value else None


def mapping(raw: Raw, field: str) -> Raw:
    """An object in a field; an empty one otherwise."""
    value = raw.get(field)
    return cast("Raw", value) if isinstance(value, dict) else EMPTY


def items(raw: Raw, field: str) -> list[Raw]:
    """The objects of a list in a field; everything else in it is passed over."""
    value = raw.get(field)
    if not isinstance(value, list):
        return []
    return [cast("Raw", item) for item in cast("list[object]", value) if isinstance(item, dict)]


def error_class(raw: Raw) -> str | None:
    """The provider's own word for a failure; None when there is none in the body."""
    error = raw.get("error")
    if not error:
        return None
    if not isinstance(error, dict):
        return "error"
    named = cast("Raw", error)
    return text(named, "code") or text(named, "type") or "error"
