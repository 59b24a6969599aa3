"""Bounds of the gateway: sizes, times, counts. Every one of them ends in a clear answer, never in a hang."""

from __future__ import annotations

import msgspec

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True):
    """Sizes in bytes, times in seconds."""

    request_bytes: int = 64 * MIB
    """Largest request body; more is answered 413."""
    large_bytes: int = MIB
    bodies_bytes: int = 1024 * MIB
    """Of request bodies larger than the former, all together, while their calls last; more is answered
    503, as memory is what everybody shares."""
    header_bytes: int = 64 * 1024
    """Largest sum of request header names and values; more is answered 431."""
    cost_header_bytes: int = MIB
    """JSON answers up to this size are read whole, so that their cost fits into a header."""
    parsed_bytes: int = 8 * MIB
    """Largest answer, stream frame or inflated copy that is read for usage; larger ones pass unread."""
    kept_text_bytes: int = MIB // 8
    """Stream bytes kept per call, to count what was delivered when the provider reports no usage: what
    came beyond them is reckoned to be like them."""
    connect_s: float = 10.0
    first_byte_s: float = 600.0
    """Longest wait for the head of an answer; vendors' own clients wait as long."""
    idle_s: float = 300.0
    """Longest silence inside an answer."""
    drain_s: float = 120.0
    """How long an answer is read on after its client went away, so that its usage is exact."""
    drain_bytes: int = 16 * MIB
    """Of one answer that is read on."""
    drain_count: int = 100
    """Answers read on at the same time for clients that went away."""
    drain_bytes_per_s: int = 2 * MIB
    """Of all of them together; each may always take its even share, several times what a model brings."""
    drain_fair_bytes: int = MIB
    """Beyond so many bytes an answer that wants more than is left is given up instead of held up."""
    waiting_events: int = 20_000
    """Events kept in memory while the journal takes none; beyond it the oldest is lost and counted."""
