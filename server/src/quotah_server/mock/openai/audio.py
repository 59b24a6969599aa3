"""``POST /openai/v1/audio/speech`` and ``/audio/transcriptions``.

An answer of sound tells no usage: the log alone holds the characters that were spoken.
Transcriptions are billed by tokens, or by the second where the model is a whisper.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import SSE_TYPE, Bill, Reply, Step, Usage, json_reply, sse
from quotah_server.mock.openai.forms import read_form
from quotah_server.mock.openai.prompt import answer_headers
from quotah_server.mock.plan import Plan, Wish, make_plan
from quotah_server.mock.prose import count_tokens, seed_of
from quotah_server.mock.script import Script, read_script

_LONGEST_INPUT = 4096
_RATE_HZ = 8000
_TOKENS_PER_SECOND = 10


class SpeechRequest(msgspec.Struct, frozen=True):
    """The parts of a speech request that change the answer."""

    model: str
    input: str
    voice: str


def answer_speech(visit: Visit) -> Answer:
    """Answer with a tenth of a second of silence (WAV, whatever format was asked for)."""
    asked = decode(visit.request.body, SpeechRequest)
    if not 0 < len(asked.input) <= _LONGEST_INPUT:
        raise BadRequestError(f"input must hold 1 to {_LONGEST_INPUT} characters")
    script = read_script(visit.request.headers, asked.model, [asked.input])
    usage: Usage = {"input_characters": len(asked.input)}
    bill = Bill(
        id=visit.request_id,
        provider="openai",
        operation="speech",
        model=asked.model,
        usage=usage,
        usage_at=lambda _sent: usage,
    )
    window = visit.desk.limits.take(visit.key, count_tokens(asked.input), 0)
    head = [("content-type", "audio/wav"), *answer_headers(visit, window)]
    return Answer(Reply(200, head, [Step(silence(), settles=True)], bill), script)


def answer_transcription(visit: Visit) -> Answer:
    """Answer with prose; the sound is taken to be 8-bit mono at 8 kHz, one second at least."""
    form = read_form(visit.request)
    sound = form.file("file").data
    model = form.fields.get("model", "")
    script = read_script(visit.request.headers, model, [form.fields.get("prompt", "")])
    plan = make_plan(Wish(seed=seed_of(model, str(len(sound)))), script)
    seconds = max(1, -(-len(sound) // _RATE_HZ))
    usage = _usage(model, seconds, plan.output_tokens, script)
    streamed = form.fields.get("stream") == "true"
    bill = Bill(
        id=visit.request_id,
        provider="openai",
        operation="transcription",
        model=model,
        usage=usage,
        usage_at=lambda sent: _usage(model, seconds, plan.output_at(sent), script),
        streaming=streamed,
    )
    window = visit.desk.limits.take(visit.key, seconds * _TOKENS_PER_SECOND, plan.output_tokens)
    headers = answer_headers(visit, window)
    told: dict[str, Any] = {} if script.fault == "no-usage" else {"usage": usage}
    if streamed:
        head = [("content-type", SSE_TYPE), *headers]
        return Answer(Reply(200, head, _stream(plan, told), bill, stream=True), script)
    if form.fields.get("response_format") == "verbose_json":
        told |= {"duration": float(seconds), "language": "english", "segments": []}
    return Answer(json_reply(200, {"text": plan.text, **told}, headers, bill), script)


def _usage(model: str, seconds: int, output: int, script: Script) -> Usage:
    if model.startswith("whisper"):
        return {"type": "duration", "seconds": seconds}
    heard = seconds * _TOKENS_PER_SECOND if script.input_tokens is None else script.input_tokens
    return {
        "type": "tokens",
        "input_tokens": heard,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        "output_tokens": output,
        "total_tokens": heard + output,
    }


def _stream(plan: Plan, told: dict[str, Any]) -> list[Step]:
    steps = [
        Step(sse({"type": "transcript.text.delta", "delta": piece}), delta=True)
        for piece in plan.pieces
    ]
    done = {"type": "transcript.text.done", "text": plan.text, **told}
    return [*steps, Step(sse(done), settles=True), Step(b"data: [DONE]\n\n")]


def silence() -> bytes:
    """A valid WAV: 8-bit mono at 8 kHz, 0.1 s."""
    samples = b"\x80" * (_RATE_HZ // 10)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE_HZ, _RATE_HZ, 1, 8)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data
