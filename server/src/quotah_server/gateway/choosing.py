"""Which of a mount's keys a call uses: by weight, those in good health first."""

from __future__ import annotations

from collections.abc import Collection

from quotah_server.gateway.snapshot_holder import OpenCredential


def choose(
    credentials: tuple[OpenCredential, ...], now: float, avoid: Collection[str] = ()
) -> OpenCredential | None:
    """The next one in turn, as a smooth rotation by weights: of weights 2 and 1, A B A A B A.

    Those that are cut off are used where no other is there, the one whose pause ends soonest; those of
    weight 0 likewise only where no other passes. avoid: ids that are not wanted. None: none is left.
    """
    if len(credentials) == 1 and not avoid:
        return credentials[0]
    left = [one for one in credentials if one.id not in avoid]
    passing = [one for one in left if one.circuit.passes(now)]
    if not passing:
        return min(left, key=lambda one: one.circuit.until, default=None)
    weighed = [one for one in passing if one.weight > 0]
    return _in_turn(weighed or passing)


def first_of(credentials: tuple[OpenCredential, ...], now: float) -> OpenCredential:
    """For what is kept at the provider (files, batches, stored answers): always the same key, unless it
    is cut off. credentials: at least one."""
    return next((one for one in credentials if one.circuit.passes(now)), credentials[0])


def passes(credentials: tuple[OpenCredential, ...], now: float) -> bool:
    """Whether any of them may be used without doubt."""
    return any(one.circuit.passes(now) for one in credentials)


def _in_turn(credentials: list[OpenCredential]) -> OpenCredential:
    best = credentials[0]
    total = 0
    for one in credentials:
        weight = one.weight or 1
        one.circuit.turn += weight
        total += weight
        if one.circuit.turn > best.circuit.turn:
            best = one
    best.circuit.turn -= total
    return best
