"""A priced event: a call, its usage, and what it cost, with the arithmetic."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from quotah_server.domain.call import Call
from quotah_server.domain.usage import Usage

CostStatus = Literal["reported", "computed", "estimated", "unpriced"]
"""reported: the provider named the amount. computed: units × rates. estimated: computed from counts
that are ours. unpriced: no rate known; the cost is then None, never 0."""


class LineItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One product of the sum: ``quantity × rate_usd / per = amount_usd``.

    rule: where the rate comes from (``openai/gpt-4o#flex (genai-prices)``). model: set where it is
    not the model that gave the answer.
    """

    unit: str
    quantity: int
    rate_usd: Decimal
    per: int
    amount_usd: Decimal
    rule: str = ""
    model: str = ""


class Price(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a call cost: ``cost_usd`` is the sum of the items, quantised once to 1e-12 USD."""

    status: CostStatus
    cost_usd: Decimal | None
    items: tuple[LineItem, ...]
    price_version: str
    reason: str = ""
    """Why it is unpriced or estimated, for people."""


class CostSplit(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a cost went on, in quantised dollars whose sum is the cost exactly.

    output: reasoning included. other: tools, seconds, pages, requests, and a cost that the provider
    named as a whole.
    """

    input: Decimal = Decimal(0)
    cache_read: Decimal = Decimal(0)
    cache_write: Decimal = Decimal(0)
    output: Decimal = Decimal(0)
    other: Decimal = Decimal(0)


class PricedEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is journaled and stored: one per attempt."""

    call: Call
    usage: Usage
    cost_usd: Decimal | None
    cost_status: CostStatus
    price_version: str
    cost_reason: str = ""
    split: CostSplit | None = None
    """None where there is no cost, and in events of an earlier version: all of it is then other."""
    saved_usd: Decimal | None = None
    """What an answer from the cache would have cost; None where that is not known, and for all others."""
