"""Which way a request goes: its route, its targets in order, and the key for every attempt."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from math import ceil

import msgspec

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.price import price
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.routing import (
    DEFAULT_ROUTE,
    Asked,
    Standing,
    Target,
    model_allowed,
    route_for,
    targets_of,
)
from quotah_server.domain.usage import Usage
from quotah_server.gateway.attempts import PASSTHROUGH, Attempt
from quotah_server.gateway.choosing import choose, first_of, passes
from quotah_server.gateway.dialects import RefusalError
from quotah_server.gateway.errand import Errand, Leg
from quotah_server.gateway.retrying import Setback, backoff_s
from quotah_server.gateway.snapshot_holder import OpenCredential, OpenMount
from quotah_server.kit.clock import Clock

TOGETHER_S = 600.0
"""A request gets no further attempt after so long, as vendors' clients wait no longer, beside the longest
waits that its route asks for."""
_ASSUMED_OUTPUT = 500
"""Tokens of an answer about which nothing is known."""
_ASKED_TARGET = Target()
_PRICES_KEPT = 1024
_WITHOUT_OUTPUT = frozenset(
    {"embeddings", "embed_content", "cohere_embed", "rerank", "moderations"}
)


class Move(msgspec.Struct, frozen=True):
    """The next attempt: where, with which key, after which pause."""

    leg: Leg
    credential: OpenCredential
    pause_s: float = 0.0


class Router:
    """Follows routes. One per gateway; belongs to the event loop's thread.

    book_for: the book of a workspace. input_of: see Estimator. draw: a number of [0, 1). skipped:
    targets that could not be followed, by reason.
    """

    def __init__(
        self,
        book_for: Callable[[str], Book],
        input_of: Callable[[str, str, str | None, int], int],
        clock: Clock,
        skipped: Counter[str],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._book_for, self._input_of = book_for, input_of
        self._clock, self._draw = clock, draw
        self._prices: dict[tuple[object, ...], Decimal | None] = {}
        self._skipped = skipped

    def begin(self, errand: Errand) -> Move:
        """The first attempt of a request. Raises RefusalError where there is none."""
        key, view = errand.key, errand.view
        routes = view.routes(key.workspace_id)
        if not routes:
            leg = errand.leg = _leg(errand, errand.mount, errand.model)
            credential = choose(errand.credentials_of(errand.mount), time.monotonic())
            assert credential is not None
            return Move(leg, credential)
        asked = _asked(errand)
        route = errand.route = route_for(routes, asked)
        errand.targets = (_ASKED_TARGET,)
        if route.targets and errand.operation != PASSTHROUGH:
            errand.targets = targets_of(route, asked, self._standings(errand, asked), self._draw)
        if route.refuse_when_open:
            self._refuse_when_open(errand)
        move = self._next_target(errand)
        if move is None:
            raise RefusalError(
                503,
                "route_without_target",
                f"The route {route.name!r} has no target to which this request could go.",
            )
        return move

    def straight(self, errand: Errand) -> Move:
        """The way of a request that costs nothing: to the mount it asked for, always with the same key,
        as what it asks about is kept at one account."""
        leg = _leg(errand, errand.mount, errand.model)
        credentials = errand.credentials_of(errand.mount)
        return Move(leg, first_of(credentials, time.monotonic()))

    def may_go_on(self, errand: Errand) -> bool:
        """Whether there may be an attempt after this one."""
        return errand.tries_left > 0 or bool(errand.targets)

    def learn(self, attempt: Attempt, event: PricedEvent) -> None:
        """Note how long a good answer was."""
        gait = attempt.admitted.mount.gaits.get(attempt.model or "")
        if gait is not None:
            gait.answered(event.usage.units.get("output", 0))

    def next(self, errand: Errand, setback: Setback) -> Move | None:
        """The attempt that follows a failed one; None where none does."""
        retry, leg = errand.route.retry, errand.leg
        if errand.route is DEFAULT_ROUTE or leg is None:
            return None
        own_ms = retry.max_wait_ms + (errand.route.timeouts.first_byte_ms or 0)
        if time.monotonic() - errand.began > TOGETHER_S + own_ms / 1000:
            self._skipped["out_of_time"] += 1
            return None
        last = errand.used[-1]
        if not setback.same_key:
            errand.spent.append(last)
        if errand.tries_left > 0:
            now = time.monotonic()
            credentials = errand.credentials_of(leg.mount)
            backoff = backoff_s(retry, len(errand.used), self._draw())
            other = choose(credentials, now, {*errand.used, *errand.spent})
            if other is not None and other.circuit.passes(now):
                origin = next((one.base_url for one in credentials if one.id == last), None)
                free = setback.of_the_key or other.base_url != origin
                return self._again(errand, leg, other, 0.0 if free else backoff)
            wait_s = setback.wait_s
            if wait_s is None or wait_s * 1000 <= retry.max_wait_ms:
                same = choose(credentials, now, errand.spent)
                if same is not None:
                    return self._again(errand, leg, same, backoff if wait_s is None else wait_s)
        return self._next_target(errand)

    def _again(self, errand: Errand, leg: Leg, credential: OpenCredential, pause_s: float) -> Move:
        errand.tries_left -= 1
        errand.used.append(credential.id)
        return Move(leg, credential, pause_s)

    def _next_target(self, errand: Errand) -> Move | None:
        while errand.targets:
            target, *rest = errand.targets
            errand.targets = tuple(rest)
            mount = self._mount(errand, target)
            if mount is None:
                continue
            credential = choose(errand.credentials_of(mount), time.monotonic(), errand.spent)
            if credential is None:
                self._skipped["no_key_left"] += 1
                continue
            model = target.model or errand.model
            leg = _leg(errand, mount, model)
            errand.leg = leg
            errand.used = [credential.id]
            errand.tries_left = errand.route.retry.tries - 1
            return Move(leg, credential)
        return None

    def _mount(self, errand: Errand, target: Target) -> OpenMount | None:
        """Where a target leads, unless this request cannot go there."""
        asked, key = errand.mount, errand.key
        name = target.mount or asked.name
        mount = asked if name == asked.name else errand.view.mount(key.workspace_id, name)
        why = None
        if mount is None:
            why = "unknown_mount"
        elif mount is not asked:
            path = mount.dialect.upstream_path(errand.path)
            if errand.own is not None:
                why = "own_key"
            elif key.mounts and name not in key.mounts:
                why = "mount_not_allowed"
            elif mount.dialect.shape != asked.dialect.shape:
                why = "other_shape"
            elif mount.provider.operation(errand.method, path) is None:
                why = "not_understood"
        if why is None and not model_allowed(key.models, target.model or errand.model):
            why = "model_not_allowed"
        if why is None:
            return mount
        self._skipped[why] += 1
        return None

    def _refuse_when_open(self, errand: Errand) -> None:
        now = time.monotonic()
        until: list[float] = []
        for target in errand.targets:
            mount = errand.view.mount(errand.key.workspace_id, target.mount or errand.mount.name)
            credentials = errand.credentials_of(mount) if mount is not None else ()
            if passes(credentials, now):
                return
            until += [one.circuit.until for one in credentials]
        raise RefusalError(
            503,
            "circuit_open",
            "The providers of this route failed lately and are let alone for a while; try again.",
            retry_after_s=max(1, ceil(min(until, default=now) - now)),
        )

    def _standings(self, errand: Errand, asked: Asked) -> Callable[[Target], Standing]:
        """What is known of targets now."""
        now = time.monotonic()
        strategy = errand.route.strategy
        bound = errand.most_output() if strategy == "lowest_cost" else None

        def standing(target: Target) -> Standing:
            mount = errand.view.mount(errand.key.workspace_id, target.mount or asked.mount)
            if mount is None:
                return Standing(open=True)
            gait = mount.gaits.get(target.model or "")
            latency_s = cost_usd = None
            if strategy == "lowest_latency" and gait is not None:
                latency_s = gait.expected_s(now, streaming=asked.streaming)
            elif strategy == "lowest_cost":
                output = ceil(gait.output) if gait is not None else 0
                cost_usd = self._cost(errand, mount, target.model, output, bound)
            return Standing(not passes(errand.credentials_of(mount), now), latency_s, cost_usd)

        return standing

    def _cost(
        self, errand: Errand, mount: OpenMount, model: str | None, learnt: int, bound: int | None
    ) -> Decimal | None:
        """What a call of this size costs there; None where no price is known."""
        workspace_id, provider = errand.key.workspace_id, mount.provider.name
        tokens = self._input_of(workspace_id, provider, model, errand.estimated_input)
        output = learnt or _ASSUMED_OUTPUT
        output = output if bound is None else min(output, bound)
        book = self._book_for(workspace_id)
        hour = self._clock().replace(minute=0, second=0, microsecond=0)
        usage = {"input": _rounded(tokens), "output": _rounded(output)}
        if errand.operation in _WITHOUT_OUTPUT:
            del usage["output"]
        project_id = errand.key.project_id
        # A workspace's book, and a project's terms in it, are its own.
        wanted = (
            workspace_id, project_id, book.version, provider, model, *usage.values(), hour
        )  # fmt: skip
        if wanted not in self._prices:
            if len(self._prices) >= _PRICES_KEPT:
                self._prices.clear()
            found = price(
                book, provider=canonical(provider), model=model, usage=Usage(usage), at=hour,
                project_id=project_id, deployment=model,
            )  # fmt: skip
            self._prices[wanted] = found.cost_usd
        return self._prices[wanted]


def _rounded(count: int) -> int:
    """To an eighth: sizes that differ less are worth no price of their own."""
    step = 1 << max(0, count.bit_length() - 4)
    return count // step * step


def _asked(errand: Errand) -> Asked:
    who = errand.attribution
    return Asked(
        errand.mount.name,
        errand.model,
        errand.operation,
        who.project_id,
        who.key_id,
        who.feature,
        who.environment,
        errand.streaming,
    )


def _leg(errand: Errand, mount: OpenMount, model: str | None) -> Leg:
    """The request for a mount and a model."""
    path, body, operation = errand.path, errand.body, errand.operation
    dialect = mount.dialect
    if mount is not errand.mount:
        operation = (
            mount.provider.operation(errand.method, dialect.upstream_path(path)) or operation
        )
    if model is not None and model != errand.model:
        path, body = dialect.with_model(path, body, model)
    injected = False
    if body and operation != PASSTHROUGH:
        prepared = dialect.prepare(operation, body, errand.ask)
        body, injected = prepared.body, prepared.injected
    return Leg(mount, model, path, body, injected, operation)
