"""What a call used when the provider did not say: counted where that is known, else corrected by what
billed calls taught, and never in the way of calls that need no estimate."""

from __future__ import annotations

import subprocess
import sys
import threading
from math import ceil
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from gateway.rig import DEADLINE_S, WORKSPACE, Rig, reply, stream, until
from gateway.wires import chat_body, chat_chunk

from quotah_server.gateway import estimator as estimators
from quotah_server.gateway.estimate import request_tokens, tokens_of
from quotah_server.tokens.count import count
from quotah_server.tokens.learn import LEAST_PAIRS, Learner

CHAT, MESSAGES = "/openai/v1/chat/completions", "/anthropic/v1/messages"
ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there " * 40}]}
STREAM = {**ASK, "stream": True}
CLAUDE = {"model": "claude-opus-4-7", "max_tokens": 9, "messages": ASK["messages"]}


def post(rig: Rig, body: dict[str, Any], path: str = CHAT) -> httpx2.Response:
    return httpx2.post(rig.url + path, json=body, headers=rig.bearer, timeout=DEADLINE_S)


def cut(rig: Rig, body: dict[str, Any] = STREAM, path: str = CHAT) -> dict[str, int]:
    """Have a stream broken off; the units that were estimated."""
    before = len(rig.control.events)
    with pytest.raises(httpx2.RemoteProtocolError):
        post(rig, body, path)
    event = rig.events(before + 1)[before]
    assert event.usage.estimated
    assert event.cost_status == "estimated"
    return event.usage.units


def by_bytes(body: dict[str, Any]) -> int:
    return request_tokens(httpx2.Request("POST", "http://x", json=body).content)


def test_a_stream_broken_off_is_counted_by_the_models_own_encoding(rig: Rig) -> None:
    rig.provider.answer = stream([chat_chunk("Hello"), chat_chunk(" there")], then="reset")
    assert cut(rig) == {"input": count("gpt-4o", ASK).tokens, "output": 2}


def test_an_answer_without_usage_is_counted_with_its_text(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body(usage=None))
    answer = post(rig, ASK)
    event = rig.event()
    assert event.usage.units == {"input": count("gpt-4o", ASK).tokens, "output": 2}
    assert event.cost_status == "estimated"
    assert answer.headers["x-quotah-cost"] == f"{event.cost_usd.normalize():f}"


@pytest.mark.parametrize(
    ("path", "body", "answer", "output"),
    [
        (
            "/openai/v1/responses",
            {"model": "gpt-4o", "input": "Hi"},
            {
                "object": "response", "model": "gpt-4o", "status": "completed",
                "output": [{"type": "message", "content": [{"type": "output_text", "text": "a b"}]}],
            },
            2,
        ),
        (
            MESSAGES,
            CLAUDE,
            {
                "type": "message", "model": "claude-opus-4-7", "stop_reason": "end_turn",
                "content": [{"type": "text", "text": "word " * 16}],
            },
            ceil(20 * 1.75),
        ),
    ],
)  # fmt: skip
def test_the_text_of_a_whole_answer_is_found_in_each_vendors_shape(
    rig: Rig, path: str, body: dict[str, Any], answer: dict[str, Any], output: int
) -> None:
    rig.provider.answer = reply(msgspec.json.encode(answer))
    post(rig, body, path)
    assert rig.event().usage.units["output"] == output


def test_a_model_without_public_vocabulary_is_estimated_by_bytes_and_family(rig: Rig) -> None:
    rig.provider.answer = stream([b"data: {}\n\n"], then="reset")
    assert cut(rig, {**CLAUDE, "stream": True}, MESSAGES) == {
        "input": ceil(by_bytes({**CLAUDE, "stream": True}) * 1.75),
        "output": 0,
    }


def taught(rig: Rig, calls: int, billed: int) -> None:
    body = {
        "type": "message", "model": "claude-opus-4-7", "content": [], "stop_reason": "end_turn",
        "usage": {"input_tokens": billed, "output_tokens": 1},
    }  # fmt: skip
    rig.provider.answer = reply(msgspec.json.encode(body))
    for _ in range(calls):
        post(rig, CLAUDE, MESSAGES)


def test_billed_calls_teach_what_the_next_estimate_says(rig: Rig) -> None:
    asked = by_bytes(CLAUDE)
    taught(rig, LEAST_PAIRS - 1, 3 * asked)
    rig.provider.answer = stream([b"data: {}\n\n"], then="reset")
    rig.events(LEAST_PAIRS - 1)
    assert cut(rig, CLAUDE, MESSAGES)["input"] == ceil(asked * 1.75)
    taught(rig, 1, 3 * asked)
    rig.events(LEAST_PAIRS + 1)
    rig.provider.answer = stream([b"data: {}\n\n"], then="reset")
    assert cut(rig, CLAUDE, MESSAGES)["input"] == 3 * asked


def test_what_was_learnt_outlives_the_gateway_and_corrects_interrupted_calls(
    tmp_path: Path,
) -> None:
    with Rig(tmp_path) as rig:
        taught(rig, LEAST_PAIRS, 2 * by_bytes(CLAUDE))
        rig.events(LEAST_PAIRS)
        rig.stop()
        kept = tmp_path / "gateway" / "learnt.json"
        assert kept.stat().st_mode & 0o777 == 0o600
    estimator = estimators.Estimator(kept)
    assert estimator.input_of(WORKSPACE, "anthropic", "claude-opus-4-7", 100) == 200
    assert estimator.input_of("another", "anthropic", "claude-opus-4-7", 100) == 175
    assert estimator.input_of(WORKSPACE, "openai", "gpt-4o", 100) == 100
    assert estimator.input_of(WORKSPACE, "openai", None, 0) == 0


def test_calls_of_a_stand_in_teach_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(Learner, "add", lambda *args: seen.append(args))
    rig.publish(rig.make_snapshot(2, is_mock=True))
    assert rig.gateway is not None
    assert rig.gateway.holder.wait_for(2, DEADLINE_S)
    taught(rig, 1, 500)
    rig.events(1)
    assert seen == []


@pytest.mark.parametrize("data", [b"", b"nonsense", b'[{"workspace": 1}]', b"\xff\xfe"])
def test_a_damaged_memory_is_begun_anew(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "learnt.json").write_bytes(data)
    estimator = estimators.Estimator(tmp_path / "learnt.json")
    assert estimator.input_of(WORKSPACE, "openai", "gpt-4o", 100) == 100


def test_a_count_that_fails_leaves_the_estimate_by_bytes(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> dict[str, int]:
        raise RuntimeError("damaged")

    monkeypatch.setattr(estimators, "_counted", fail)
    rig.provider.answer = stream([chat_chunk("Hello there")], then="reset")
    assert cut(rig) == {"input": by_bytes(STREAM), "output": 3}


def test_a_count_that_takes_long_leaves_the_estimate_by_bytes(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def slow(_: object) -> dict[str, int]:
        go.wait(DEADLINE_S)
        return {"input": 1, "output": 1}

    monkeypatch.setattr(estimators, "_counted", slow)
    monkeypatch.setattr(estimators, "_COUNT_S", 0.05)
    rig.provider.answer = stream([chat_chunk("Hello there")], then="reset")
    assert cut(rig) == {"input": by_bytes(STREAM), "output": 3}
    go.set()


def test_many_calls_broken_off_at_once_do_not_wait_for_each_other(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimators, "_COUNTS_WAITING", 0)
    rig.provider.answer = stream([chat_chunk("Hello there")], then="reset")
    assert cut(rig) == {"input": by_bytes(STREAM), "output": 3}


def test_a_long_request_is_estimated_by_bytes(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimators, "_COUNTED_BYTES", 100)
    rig.provider.answer = stream([chat_chunk("Hello there")], then="reset")
    assert cut(rig) == {"input": by_bytes(STREAM), "output": 2}


def test_a_recording_in_a_form_is_not_counted_as_text() -> None:
    assert request_tokens(b"--x\r\ncontent-disposition: form-data\r\n\r\n" + b"a" * 10**6) == 0
    assert request_tokens(b' \n{"input": "Hi"}') == tokens_of(17)


def test_what_was_learnt_is_kept_while_the_gateway_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimators, "_KEEP_EVERY_S", 0.05)
    with Rig(tmp_path) as rig:
        taught(rig, 1, 500)
        until((tmp_path / "gateway" / "learnt.json").exists, "what was learnt is kept")


def test_a_disk_that_takes_nothing_costs_only_the_memory(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        (tmp_path / "gateway" / "learnt.json.new").mkdir()
        taught(rig, 1, 500)
        rig.stop()
        assert rig.event().cost_status == "computed"


def test_no_vocabulary_is_loaded_before_a_call_must_be_counted() -> None:
    program = (
        "import sys\n"
        "import quotah_server.entrypoints.gateway, quotah_server.entrypoints.api\n"
        "from quotah_server.gateway.estimator import Estimator\n"
        "from pathlib import Path\n"
        "assert Estimator(Path('/nowhere')).input_of('w', 'openai', 'gpt-4o', 5) == 5\n"
        "assert 'tiktoken' not in sys.modules\n"
        "from quotah_server.tokens.count import count\n"
        "count('gpt-4o', {'text': 'x'})\n"
        "assert 'tiktoken' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
