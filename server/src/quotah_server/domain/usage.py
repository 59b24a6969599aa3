"""Usage: what one call consumed, in disjoint units.

Providers report inclusive totals (``prompt_tokens`` holds cached tokens) or exclusive ones
(Anthropic's ``input_tokens`` does not). Behind the provider rooms there is one form: every token is
counted under exactly one unit, so that a price is a sum of products. The inclusive totals under
OpenTelemetry's names are derived, never stored beside it.

Missing is not zero: a unit that the provider did not report is absent from ``units``.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

MAX_COUNT = 2**40
"""A larger count is not believed."""

# Token units. Text unless the name says otherwise.
INPUT = "input"
"""Input tokens that were neither read from nor written to a cache."""
CACHE_READ = "cache_read"
CACHE_WRITE_5M = "cache_write_5m"
CACHE_WRITE_30M = "cache_write_30m"
CACHE_WRITE_1H = "cache_write_1h"
CACHE_WRITE_12H = "cache_write_12h"
OUTPUT = "output"
"""Output tokens other than reasoning."""
REASONING = "reasoning"
INPUT_AUDIO = "input_audio"
INPUT_IMAGE = "input_image"
INPUT_VIDEO = "input_video"
CACHE_READ_AUDIO = "cache_read_audio"
CACHE_READ_IMAGE = "cache_read_image"
OUTPUT_AUDIO = "output_audio"
OUTPUT_IMAGE = "output_image"
OUTPUT_VIDEO = "output_video"
CITATION = "citation"

INPUT_UNITS = (
    INPUT, CACHE_READ, CACHE_WRITE_5M, CACHE_WRITE_30M, CACHE_WRITE_1H, CACHE_WRITE_12H,
    INPUT_AUDIO, INPUT_IMAGE, INPUT_VIDEO, CACHE_READ_AUDIO, CACHE_READ_IMAGE,
)  # fmt: skip
CACHE_READ_UNITS = (CACHE_READ, CACHE_READ_AUDIO, CACHE_READ_IMAGE)
CACHE_WRITE_UNITS = (CACHE_WRITE_5M, CACHE_WRITE_30M, CACHE_WRITE_1H, CACHE_WRITE_12H)
OUTPUT_UNITS = (OUTPUT, REASONING, OUTPUT_AUDIO, OUTPUT_IMAGE, OUTPUT_VIDEO, CITATION)
_INPUT, _OUTPUT = frozenset(INPUT_UNITS), frozenset(OUTPUT_UNITS)

NOT_BILLED = "not_billed"
"""Flag: the provider charges nothing for this call (a refused one, a token count)."""

# Units that are not tokens.
REQUEST = "request"
WEB_SEARCH = "web_search"
WEB_SEARCH_PREVIEW = "web_search_preview"
FILE_SEARCH = "file_search"
CODE_CONTAINER = "code_container"
SEARCH_UNIT = "search_unit"
PAGE = "page"
AUDIO_SECOND = "audio_second"
AUDIO_MICROSECOND = "audio_microsecond"
"""A length that is billed as it is, where it is no whole number of seconds."""
INPUT_CHARACTER = "input_character"


class InnerUsage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of several metered calls inside an answer.

    model: the one that answered it; None: the answer's own. units: what it consumed.
    """

    units: dict[str, int]
    model: str | None = None


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Disjoint units of one call.

    units: unit → count (≥ 0, ≤ MAX_COUNT), of everything the call consumed.
    inner: the same, split by metered inner call, where the provider tells them apart. Each is priced
        by itself (its own model, its own size); what ``units`` holds beyond them belongs to the call.
    missing: the provider reported no usage at all; ``units`` is then empty or estimated.
    estimated: the counts are ours, not the provider's.
    flags: what was odd about the report, each a stable word (``unknown_unit:foo``, ``cache_exceeds_input``).
    """

    units: dict[str, int] = {}
    missing: bool = False
    estimated: bool = False
    flags: tuple[str, ...] = ()
    inner: tuple[InnerUsage, ...] = ()

    def total(self, names: Collection[str]) -> int | None:
        """Sum some units; None when none of them was reported."""
        found = [count for unit, count in self.units.items() if unit in names]
        return sum(found) if found else None

    @property
    def input_tokens(self) -> int | None:
        """All input tokens, cached and written ones included (OpenTelemetry's meaning)."""
        return self.total(_INPUT)

    @property
    def output_tokens(self) -> int | None:
        """All output tokens, reasoning included."""
        return self.total(_OUTPUT)

    @property
    def cache_read_input_tokens(self) -> int | None:
        return self.total(CACHE_READ_UNITS)

    @property
    def cache_write_input_tokens(self) -> int | None:
        return self.total(CACHE_WRITE_UNITS)

    @property
    def reasoning_output_tokens(self) -> int | None:
        return self.units.get(REASONING)
