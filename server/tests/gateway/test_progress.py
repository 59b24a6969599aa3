"""What a stream had delivered before the gateway was killed is part of what it is estimated at."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import httpx2
import pytest
from gateway import killable
from gateway.killable import settled, start_gateway
from gateway.rig import DEADLINE_S, Rig, free_port, stream, until
from gateway.wires import chat_chunk

from quotah_server.domain.event import PricedEvent

CHAT = "/openai/v1/chat/completions"
ASK = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Hello " * 40}]}
WORDS = [f"word{number} and more of it " for number in range(40)]
TOKENS = len("".join(WORDS)) // 4


def interrupted_event(tmp_path: Path, *, noted: bool) -> PricedEvent:
    """The event of a stream that delivered WORDS and stood still when its gateway was killed."""
    folder = tmp_path / "data"
    with Rig(tmp_path) as rig:
        rig.provider.answer = stream([chat_chunk(word) for word in WORDS], then="stall")
        port = free_port()
        process = start_gateway(rig, folder, port)
        came = threading.Event()
        reader = threading.Thread(target=_read, args=(rig, port, came))
        reader.start()
        assert came.wait(DEADLINE_S)
        if noted:
            until(lambda: _notes(folder), "what was delivered is noted")
        _kill(process)
        reader.join(DEADLINE_S)
        process = start_gateway(rig, folder, port)
        until(lambda: settled(port), "the interrupted call is delivered")
        event = rig.event()
        _kill(process)
    return event


def _read(rig: Rig, port: int, came: threading.Event) -> None:
    url, got = f"http://127.0.0.1:{port}{CHAT}", b""
    try:
        with httpx2.stream("POST", url, json=ASK, headers=rig.bearer, timeout=DEADLINE_S) as answer:
            for chunk in answer.iter_raw():
                got += chunk
                if got.count(b"data:") >= len(WORDS):
                    came.set()
    except httpx2.TransportError:
        pass


def _notes(folder: Path) -> bool:
    """Whether a note tells of all that came."""
    lines = b"".join(p.read_bytes() for p in (folder / "gateway" / "intents").glob("*")).split(
        b"\n"
    )
    told = [int(line.split()[1]) for line in lines if line[:1] == b"="]
    return bool(told) and told[-1] >= TOKENS * 0.9


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def test_a_killed_stream_is_estimated_at_its_request_and_what_it_had_delivered(
    tmp_path: Path,
) -> None:
    event = interrupted_event(tmp_path, noted=True)
    assert (event.call.status, event.cost_status) == ("interrupted", "estimated")
    assert event.usage.units["input"] > 0
    assert event.usage.units["output"] == pytest.approx(TOKENS, rel=0.1)


def test_without_notes_of_progress_the_output_would_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same kill, with the notes switched off."""
    off = "import quotah_server.gateway.progress as p\np.Progress.start = lambda self: None\n"
    monkeypatch.setattr(killable, "SERVE", off + killable.SERVE)
    event = interrupted_event(tmp_path, noted=False)
    assert event.call.status == "interrupted"
    assert event.usage.units.get("output", 0) == 0
