"""What a workspace pays instead of the list: its overrides and whom it trusts to name a cost.

A book under terms has a version of its own, so that a stored event cites what priced it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec


class Override(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """A price that a workspace set by itself; exactly one of ``rates`` and ``factor`` is given.

    override_id: ours. provider: any of its names, or ``*``. model: an id as it is answered or asked for, or
    the book's name of the model that it means; a prefix with ``*`` at its end; or ``*``. deployment:
    the name asked for (Azure) it is limited to. project_id: the project it is limited to. from_,
    until: aware UTC, until exclusive. rates: unit → dollars per ``Unit.per``, in place of all rates
    of the book; a unit it does not name is billed as the one it is part of, or leaves the call
    unpriced. factor: on every amount of what else would hold, a cost named by the provider included
    (``0.85`` is 15 % off).

    Of several that fit, the narrowest counts: project before workspace, deployment before exact model
    before the book's name before prefix (the longer first) before ``*``, provider before ``*``, then
    the one begun last. Case does not matter in names of models and deployments.
    """

    override_id: str
    provider: str
    model: str
    deployment: str | None = None
    project_id: str | None = None
    from_: datetime | None = None
    until: datetime | None = None
    rates: dict[str, Decimal] | None = None
    factor: Decimal | None = None
    note: str = ""


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a workspace set. trust: provider → whether the cost it names is what it bills; for
    others the book decides.
    """

    overrides: tuple[Override, ...] = ()
    trust: dict[str, bool] = {}


LIST_PRICES = Terms()


def encode(terms: Terms) -> bytes:
    """Terms → canonical JSON: the same terms, the same bytes."""
    return msgspec.json.encode(terms, order="deterministic")


def decode(data: bytes) -> Terms:
    """JSON → terms. Raises msgspec.ValidationError for anything else."""
    return msgspec.json.decode(data, type=Terms)
