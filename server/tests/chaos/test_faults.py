"""Whatever a provider does, a call ends in time, with one event, at the cost that is known of it."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from chaos.auditor import audit, price
from chaos.stage import CALLS, Stage, stage
from gateway.rig import book, free_port, until

from quotah_server.domain.event import PricedEvent
from quotah_server.gateway.limits import Limits
from quotah_server.mock.script import FAULT_NAMES

LIMITS = Limits(first_byte_s=2.0, idle_s=2.0)
SETTINGS = {"x-mock-stall-ms": "8000", "x-mock-pace-ms": "1"}
SLOWLY = {"x-mock-write-bytes": "60", "x-mock-write-pause-ms": "5"}


class Due(msgspec.Struct, frozen=True):
    """What is to come of a fault: for whole answers and for streams.

    status: that the client gets. event: status and error class of the event. cost: exact, estimated,
    free or unpriced.
    """

    status: int
    event: tuple[str, str | None]
    cost: str


_OK = Due(200, ("success", None), "exact")
_LOST = Due(502, ("error", "connection_lost"), "estimated")
_LOST_IN_STREAM = Due(200, ("error", "connection_lost"), "estimated")
_LATE = Due(504, ("error", "timeout"), "estimated")
_LATE_IN_STREAM = Due(200, ("error", "timeout"), "estimated")
_UNREADABLE = Due(200, ("error", "unreadable_answer"), "estimated")
_INCOMPLETE = Due(200, ("error", "stream_incomplete"), "estimated")
_ABSURD = Due(200, ("success", None), "unpriced")
_UNTOLD = Due(200, ("success", None), "estimated")


def _refused(status: int) -> Due:
    return Due(status, ("error", ".*"), "free")


DUE: dict[str, tuple[Due, Due]] = {
    "stall": (_LATE, _LATE),
    "stall-midstream": (_LATE, _LATE_IN_STREAM),
    "disconnect": (_LOST, _LOST),
    "disconnect-midstream": (_LOST, _LOST_IN_STREAM),
    "reset": (_LOST, _LOST),
    "reset-midstream": (_LOST, _LOST_IN_STREAM),
    "error-midstream": (_refused(500), Due(200, ("error", ".*"), "estimated")),
    "garbage": (_UNREADABLE, _OK),
    "truncated": (_UNREADABLE, _INCOMPLETE),
    "html": (_UNREADABLE, _UNREADABLE),
    "no-usage": (_UNTOLD, Due(200, (".*", ".*"), "estimated")),
    "one-byte": (_OK, _OK),
    "trickle": (_OK, _OK),
    "absurd-usage": (_ABSURD, _ABSURD),
    "negative-usage": (_ABSURD, _ABSURD),
    "duplicate-usage": (_OK, _OK),
    "error-429": (_refused(429), _refused(429)),
    "error-500": (_refused(500), _refused(500)),
    "error-503": (_refused(503), _refused(503)),
    "error-529": (_refused(529), _refused(529)),
}


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("chaos"), LIMITS) as found:
        yield found


def _event(found: Stage) -> PricedEvent:
    """The one event of the call that was made last."""
    tag = found.seen[-1].tag

    def own() -> list[PricedEvent]:
        return [e for e in found.rig.control.events if e.call.attribution.request_id == tag]

    until(own, "the event arrives")
    (event,) = own()
    return event


def test_every_fault_of_the_mock_provider_is_tried() -> None:
    assert DUE.keys() >= FAULT_NAMES


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("fault", DUE)
def test_a_fault_ends_in_time_in_one_event_at_what_is_known(
    set_up: Stage, fault: str, kind: str
) -> None:
    due = DUE[fault][kind.endswith("stream")]
    slowly = SLOWLY if fault == "trickle" else {}
    answer = set_up.send(kind, {"x-mock-fault": fault, **SETTINGS, **slowly})
    event = _event(set_up)
    assert answer is not None
    assert answer.status_code == due.status
    status, error_class = due.event
    assert re.fullmatch(status, event.call.status)
    assert re.fullmatch(error_class or "None", str(event.call.error_class))
    assert answer.headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    lines = [e for e in set_up.mock.log() if e.headers.get("x-chaos-tag") == set_up.seen[-1].tag]
    match due.cost:
        case "exact":
            assert [price(line, book()) for line in lines] == [event.cost_usd]
            assert event.cost_status == "computed"
        case "estimated":
            assert event.cost_status == "estimated"
            assert (event.cost_usd or Decimal(0)) > 0
        case "free":
            assert (event.cost_usd, lines) == (Decimal(0), [])
        case _:
            assert (event.cost_usd, event.cost_status) == (None, "unpriced")
            assert "cannot be trusted" in (event.cost_reason or "")


@pytest.mark.parametrize("kind", ["openai", "anthropic-stream"])
def test_a_provider_that_cannot_be_reached_is_told_as_such_and_costs_nothing(
    tmp_path: Path, kind: str
) -> None:
    with stage(tmp_path, LIMITS) as found:
        nobody = f"http://127.0.0.1:{free_port()}"
        found.lead_to(3, {"openai": f"{nobody}/v1", "anthropic": nobody})
        answer = found.send(kind)
        event = _event(found)
        assert answer is not None
        assert answer.status_code == 502
        assert event.call.error_class == "connection_failed"
        assert event.cost_usd == 0
        assert found.mock.log() == []


@pytest.mark.parametrize("kind", ["openai", "anthropic-stream"])
def test_a_provider_whose_tls_fails_is_told_as_such_and_costs_nothing(
    tmp_path: Path, kind: str
) -> None:
    with stage(tmp_path, LIMITS) as found:
        with _plain_server() as port:
            plain = f"https://127.0.0.1:{port}"
            found.lead_to(3, {"openai": f"{plain}/v1", "anthropic": plain})
            answer = found.send(kind)
        event = _event(found)
        assert answer is not None
        assert answer.status_code == 502
        assert event.call.error_class == "tls_failed"
        assert event.cost_usd == 0
        assert found.mock.log() == []


@contextlib.contextmanager
def _plain_server() -> Iterator[int]:
    """A server that answers TLS in plain text."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_after_all_faults_the_books_agree(set_up: Stage) -> None:
    """Once more, all faults, against the provider's log as a whole."""
    known = len(set_up.seen)
    for fault in ("error-500", "one-byte", "duplicate-usage", "reset-midstream", "garbage"):
        for kind in CALLS:
            if DUE[fault][kind.endswith("stream")].event[1] != "unreadable_answer":
                set_up.send(kind, {"x-mock-fault": fault, **SETTINGS})
    tags = {answer.tag for answer in set_up.seen[known:]}

    def events() -> list[PricedEvent]:
        return [e for e in set_up.rig.control.events if e.call.attribution.request_id in tags]

    until(lambda: len(events()) >= len(tags), "all events arrive")
    until(lambda: all(e.outcome != "open" for e in set_up.mock.log()), "all is billed")
    billed = [e for e in set_up.mock.log() if e.headers.get("x-chaos-tag") in tags]
    assert len(billed) >= 10
    assert audit(billed, events(), set_up.seen[known:], book()) == []
    short = [event for event in events() if event.call.provider_response_id != billed[0].id]
    assert len(short) == len(tags) - 1
    assert audit(billed, short, set_up.seen[known:], book())
