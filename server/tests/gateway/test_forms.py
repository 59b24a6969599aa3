"""Fields of multipart forms: what is found, and that files are not looked through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.gateway.dialects.base import read_ask, read_members
from quotah_server.gateway.forms import read_fields

_WANTED = frozenset({"model", "size", "prompt"})


def form(*parts: tuple[str, bytes, str], boundary: str = "b0") -> bytes:
    """(name, value, filename) of each part; filename "": a text."""
    out = b""
    for name, value, filename in parts:
        file = f'; filename="{filename}"\r\nContent-Type: audio/wav' if filename else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        out += head.encode() + value + b"\r\n"
    return out + f"--{boundary}--\r\n".encode()


@pytest.mark.parametrize("size", [0, 10, 64 * 1024, 200 * 1024])
def test_fields_before_and_behind_a_file_are_read(size: int) -> None:
    body = form(("model", b"whisper-1", ""), ("file", b"\x00" * size, "a.wav"), ("size", b"x", ""))
    assert read_fields(body, _WANTED) == {"model": "whisper-1", "size": "x"}


def test_a_file_is_no_field_whatever_it_is_called_or_holds() -> None:
    inside = b'\r\nContent-Disposition: form-data; name="size"\r\n\r\n1x1\r\n'
    body = form(("model", b"gpt-4o", "m.txt"), ("file", inside, "f"))
    assert read_fields(body, _WANTED) == {}


def test_only_short_texts_that_are_wanted_are_read_and_the_first_counts() -> None:
    body = form(
        ("prompt", b"p" * 257, ""), ("user", b"me", ""), ("size", b"a", ""), ("size", b"b", "")
    )
    assert read_fields(body, _WANTED) == {"size": "a"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"--", b"--b0", b"--b0\r\n", b"--" + b"b" * 200 + b"\r\n", b"{}", b"--b0\r\n\r\n--b0",
        form(("model", b"tts-1", ""))[:-12],
    ],
)  # fmt: skip
def test_what_is_no_whole_form_has_no_fields(body: bytes) -> None:
    assert read_fields(body, _WANTED) == {}


@given(st.binary(max_size=400), st.binary(max_size=30))
def test_any_bytes_can_be_asked_for_fields(body: bytes, more: bytes) -> None:
    for one in (body, b"--" + body, b"--b\r\n" + body + b"\r\n--b\r\n" + more):
        assert all(len(value) <= 256 for value in read_fields(one, _WANTED).values())
        read_ask(one)


def test_a_form_is_asked_for_its_model_as_json_is() -> None:
    asked = read_ask(form(("model", b"gpt-4o-transcribe", ""), ("stream", b"true", "")))
    assert (asked.model_name, asked.stream) == ("gpt-4o-transcribe", True)
    assert read_ask(form(("file", b"x", "f"))).model_name is None


def test_only_the_wanted_members_of_a_request_are_decoded() -> None:
    body = b'{"n": 2, "prompt": {"never": [1}, "size": "1x1"}'
    assert read_members(body, frozenset({"n"})) == {}
    body = b'{"n": 2, "prompt": 1e999, "size": "1x1"}'
    assert read_members(body, frozenset({"n", "size"})) == {"n": 2, "size": "1x1"}
    assert read_members(form(("n", b"2", "")), frozenset({"n"})) == {"n": "2"}
