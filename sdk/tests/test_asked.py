"""Calls whose price only the request tells: what is recorded of it, and what never is."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest

from quotah.wires.asked import asked
from quotah_server.providers.wires.openai.asked import asked as taken_by_the_server

SECRET = "a garden that nobody may know of"
Made = tuple[openai.OpenAI, Callable[[str, bytes], None]]


@pytest.fixture
def canned(q) -> Iterator[Made]:
    """A wrapped client of a server that gives each request the same answer."""
    answer = ["application/json", b"{}"]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", answer[0])
            self.send_header("content-length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    def set_answer(kind: str, body: bytes) -> None:
        answer[:] = [kind, body]

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    with openai.OpenAI(base_url=url, api_key="k", max_retries=0) as client:
        yield q.wrap(client), set_answer
    server.shutdown()
    server.server_close()
    thread.join()


def test_speech_tells_its_characters_and_not_its_text(client, mock, sink, collected) -> None:
    client.audio.speech.create(model="tts-1", voice="alloy", input=SECRET)
    (event,), (entry,) = collected(), mock.log()
    assert (event["operation"], event["model"], event["status"]) == ("speech", "tts-1", "success")
    assert event["extras"] == entry.usage == {"input_characters": len(SECRET)}
    assert event["usage"] is None
    assert SECRET.encode() not in b"".join(sink.bodies)


def test_speech_that_is_streamed_to_a_file_is_recorded(client, collected, tmp_path) -> None:
    speech = client.audio.speech.with_streaming_response
    with speech.create(model="tts-1", voice="alloy", input="abc") as answer:
        answer.stream_to_file(tmp_path / "a.wav")
    (event,) = collected()
    assert (event["status"], event["extras"]) == ("success", {"input_characters": 3})


def test_refused_speech_tells_nothing_that_could_be_billed(client, collected) -> None:
    with pytest.raises(openai.BadRequestError):
        client.audio.speech.create(model="tts-1", voice="alloy", input="")
    (event,) = collected()
    assert (event["status"], event["extras"]) == ("error", {})


def test_images_tell_their_number_size_and_quality(client, sink, collected) -> None:
    client.images.generate(model="dall-e-2", prompt=SECRET, n=2, size="512x512", quality="standard")
    (event,) = collected()
    assert event["extras"] == {
        "image": 2, "images_asked": 2, "size": "512x512", "quality": "standard",
    }  # fmt: skip
    assert SECRET.encode() not in b"".join(sink.bodies)


def test_forms_tell_their_model_and_short_fields(canned: Made, sink, collected) -> None:
    client, answers = canned
    answers("application/json", json.dumps({"created": 1, "data": [{"url": "x"}]}).encode())
    image = ("a.png", io.BytesIO(b"\x89PNG" + b"\x00" * 10_000))
    client.images.edit(model="dall-e-2", image=image, prompt=SECRET, n=3, size="256x256")
    (event,) = collected()
    assert (event["model"], event["operation"]) == ("dall-e-2", "images")
    assert event["extras"] == {"image": 1, "images_asked": 3, "size": "256x256"}
    assert SECRET.encode() not in b"".join(sink.bodies)


@pytest.mark.parametrize(
    ("asked_format", "kind", "body", "extras"),
    [
        ("srt", "text/plain", b"1\n00:00 --> 00:01\nhi", {"response_format": "srt"}),
        (
            "verbose_json", "application/json", b'{"text":"hi","duration":2.5}',
            {"response_format": "verbose_json", "audio_second": 3},
        ),
    ],
)  # fmt: skip
def test_recordings_tell_their_model_format_and_length(
    asked_format, kind, body, extras, canned: Made, collected
) -> None:
    client, answers = canned
    answers(kind, body)
    client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", io.BytesIO(b"RIFF")), response_format=asked_format
    )
    (event,) = collected()
    assert (event["model"], event["operation"]) == ("whisper-1", "transcription")
    assert (event["status"], event["extras"]) == ("success", extras)


def test_a_recording_billed_by_duration_passes_its_usage_on(canned: Made, collected) -> None:
    client, answers = canned
    usage = {"type": "duration", "seconds": 9}
    answers("application/json", json.dumps({"text": "hi", "usage": usage}).encode())
    client.audio.transcriptions.create(model="whisper-1", file=("a.wav", io.BytesIO(b"RIFF")))
    (event,) = collected()
    assert (event["usage"], event["status"]) == (usage, "success")


@pytest.mark.parametrize("length", [10, 50_000])
def test_how_much_was_to_be_searched_is_told_of_any_prompt(length, client, collected) -> None:
    client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": '"search_context_size": "low" ' * (length // 10)}],
        extra_body={"web_search_options": {"search_context_size": "high"}},
    )
    (event,) = collected()
    assert event["extras"] == {"search_context_size": "high"}


@pytest.mark.parametrize(
    ("operation", "request_body", "told", "extras"),
    [
        ("speech", {"input": ["a"]}, {}, {}),
        ("images", {"n": "2", "size": "two words", "quality": 7}, {}, {"images_asked": 2}),
        ("images", {"n": 0}, {}, {}),
        ("chat", {"web_search_options": []}, {}, {}),
        ("responses", {"tools": [{"type": "web_search_preview"}]}, {}, {}),
        (
            "responses", {"tools": [{"type": "web_search_preview"}, 1]}, {"web_search": 1},
            {"tools": ["web_search_preview"]},
        ),
        ("embeddings", {"input": "x"}, {}, {}),
    ],
)  # fmt: skip
def test_odd_requests_tell_what_can_be_read_of_them(operation, request_body, told, extras) -> None:
    assert asked(operation, request_body, told) == extras


@pytest.mark.parametrize("operation", ["speech", "images", "transcription"])
@pytest.mark.parametrize(
    "request_body",
    [
        {},
        {"input": "Hé 🎧", "n": 4, "size": "1x1", "quality": "hd", "response_format": "vtt"},
        {"input": None, "n": "12", "size": "a b", "quality": "x" * 41, "response_format": 1},
        {"n": True, "size": ["1x1"]},
    ],
)
def test_the_gateway_takes_the_same_of_a_request(operation, request_body) -> None:
    assert asked(operation, request_body, {}) == taken_by_the_server(operation, request_body)
