"""A gateway that knows where its time goes; started by stages.py, which talks to it in lines.

cpu      → CPU seconds so far of every thread, by name
watch    → from now on the functions in STAGES are timed
forget   → what was timed so far does not count
stages   → what was found since then: calls and µs of its own (without other stages) per stage
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from quotah_server.entrypoints import child, gateway

_GATEWAY, _PIPELINE = "quotah_server.gateway.", "quotah_server.pipeline."
STAGES: dict[str, tuple[str, ...]] = {
    "request: bytes to HTTP": (_GATEWAY + "inbound:Inbound.data_received",),
    "admission": (_GATEWAY + "app:GatewayApp._admit", _GATEWAY + "admission:admit"),
    "headers": (_GATEWAY + "headers:scan", _GATEWAY + "headers:returned"),
    "attribution": (_GATEWAY + "attribution:read",),
    "request: what is asked": (
        _GATEWAY + "app:GatewayApp._errand",
        _GATEWAY + "dialects.base:read_ask",
        _GATEWAY + "estimate:request_tokens",
    ),
    "route, key, attempt": (
        _GATEWAY + "routing:Router.begin",
        _GATEWAY + "relay:Relay._attempt",
        _GATEWAY + "errand:Errand.outgoing",
    ),
    "limits, health, watch": (
        _GATEWAY + "ratelimits:RateLimits.heard",
        _GATEWAY + "health:Health.head",
        _GATEWAY + "watch:Watch.add",
        _GATEWAY + "watch:Watch.remove",
    ),
    "intent note": (_GATEWAY + "attempts:Attempt.intent", _PIPELINE + "intents:IntentLog.note"),
    "request: HTTP to bytes": (_GATEWAY + "upstream:_head",),
    "answer: bytes to HTTP": (_GATEWAY + "connection:Connection.data_received",),
    "answer: read for usage": (
        _GATEWAY + "passage:Passage._read",
        _GATEWAY + "passage:read_answer",
    ),
    "stream: frames": (_GATEWAY + "stream:SseTee.feed",),
    "stream: to the client": (_GATEWAY + "request:Request.send",),
    "stream: notes of progress": (_GATEWAY + "progress:Progress.note",),
    "event: the call": (_GATEWAY + "attempts:Attempt.call",),
    "event: usage": (_PIPELINE + "record:usage_of",),
    "event: price": (
        _PIPELINE + "record:record",
        _PIPELINE + "record:cost_of",
        _PIPELINE + "split:split_of",
    ),
    "event: encode": (_GATEWAY + "recorder:_encoded",),
    "event: the rest": (
        _GATEWAY + "relay:Relay.finish",
        _GATEWAY + "recorder:Recorder.finish",
        _GATEWAY + "estimator:Estimator.learn",
        _GATEWAY + "metrics:GatewayMetrics.attempt",
    ),
    "answer: HTTP to bytes": (_GATEWAY + "request:Request._begin",),
    "event: to the journal": (_GATEWAY + "recorder:Recorder._flush",),
}
"""Functions of the event loop's thread, none of which awaits: ``module:qualified.name``."""


class Watch:
    """Times functions; what one spends in another that is watched belongs to that other."""

    def __init__(self) -> None:
        self.spent: dict[str, list[int]] = {stage: [] for stage in STAGES}
        self.unknown: list[str] = []
        self._inner = [0]

    def begin(self) -> None:
        """Put a clock around every function of STAGES, wherever it was imported to."""
        for stage, names in STAGES.items():
            for name in names:
                try:
                    self._wrap(stage, name)
                except (ImportError, AttributeError):
                    self.unknown.append(name)

    def _wrap(self, stage: str, name: str) -> None:
        module_name, _, path = name.partition(":")
        owner: Any = importlib.import_module(module_name)
        *outer, last = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        original = getattr(owner, last)
        timed = self._timed(stage, original)
        setattr(owner, last, timed)
        if outer:
            return
        for module in [m for key, m in sys.modules.items() if key.startswith("quotah_server")]:
            for attribute, value in list(vars(module).items()):
                if value is original:
                    setattr(module, attribute, timed)

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        inner, spent, clock = self._inner, self.spent[stage], time.perf_counter_ns
        main = threading.main_thread().ident

        def timed(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != main:
                return function(*args, **kwargs)
            inner.append(0)
            began = clock()
            try:
                return function(*args, **kwargs)
            finally:
                took = clock() - began
                spent.append(took - inner.pop())
                inner[-1] += took

        return timed

    def forget(self) -> None:
        """Begin again."""
        for times in self.spent.values():
            times.clear()

    def found(self) -> dict[str, Any]:
        """Per stage: how often a function of it ran, and the µs of its own (median × how often)."""
        told = {}
        for stage, times in self.spent.items():
            if times:
                told[stage] = {"times": len(times), "us": _trimmed(times) * len(times) / 1000}
        return {"stages": told, "unknown": self.unknown}


def _trimmed(times: list[int]) -> float:
    """The mean without the slowest tenth: what waited for a core is no work."""
    ordered = sorted(times)
    return statistics.fmean(ordered[: max(1, len(ordered) * 9 // 10)])


def _cpu() -> dict[str, float]:
    return {
        thread.name: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None
    }


def _listen() -> None:
    watch = Watch()
    for line in sys.stdin:
        match line.strip():
            case "cpu":
                answer: object = _cpu()
            case "watch":
                answer = watch.begin()
            case "forget":
                answer = watch.forget()
            case _:
                answer = watch.found()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    threading.Thread(target=_listen, name="stages", daemon=True).start()
    child.run(gateway.main)
