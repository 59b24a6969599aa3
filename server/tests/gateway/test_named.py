"""A key for some models only: no way of writing a request gets it another one."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx2
import msgspec
import pytest
from gateway.rig import DEADLINE_S, Rig, reply
from gateway.routed import follow, key
from gateway.wires import chat_body

MOUNTS = ("openai", "azure", "gemini", "anthropic", "openrouter")
CHAT = "/openai/v1/chat/completions"
FORMS = "/openai/v1/audio/transcriptions"
FORM, END = "multipart/form-data; boundary=b", "--b--\r\n"
JSON = {"content-type": "application/json"}


def field(name: str, value: str, boundary: str = "b", **more: str) -> str:
    said = "".join(f'; {n}="{v}"' for n, v in more.items())
    head = f'content-disposition: form-data{said}; name="{name}"'
    return f"--{boundary}\r\n{head}\r\n\r\n{value}\r\n"


def ask(rig: Rig, path: str, body: bytes | dict[str, Any], **headers: str) -> httpx2.Response:
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()} or JSON
    return httpx2.post(
        rig.url + path, content=sent, headers={**rig.bearer, **named}, timeout=DEADLINE_S
    )


@pytest.fixture
def closed(rig: Rig) -> Rig:
    """A rig whose key may call ``ok-…`` alone."""
    follow(rig, mounts={name: [key("one")] for name in MOUNTS}, models=("ok-*",))
    rig.provider.answer = reply(chat_body())
    return rig


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, b'{"model":"bad"}'),
        (CHAT, b'{"model":"bad","model":"ok-1"}'),
        (CHAT, b'{"model":"ok-1","Model":"bad"}'),
        (CHAT, b'{"model":"bad","\\u006dodel":"ok-1"}'),
        (CHAT, b'{"\\u004dodel":"bad","model":"ok-1"}'),
        (CHAT, b'\xef\xbb\xbf{"model":"ok-1"}'),
        (CHAT, '{"model":"ok-1"}'.encode("utf-16")),
        (CHAT, gzip.compress(b'{"model":"ok-1"}', mtime=0)),
        (CHAT, b'{"messages":[{"model":"ok-1"}]}'),
        ("/openrouter/v1/chat/completions", b'{"model":"ok-1","models":["ok-2","bad"]}'),
        ("/openrouter/v1/chat/completions", b'{"model":"ok-1","models":["bad"],"models":[]}'),
        (CHAT, b'{"model":"ok-1","fallbacks":[{"model":"bad"}]}'),
        ("/openai/v1/responses", b'{"model":"ok-1","tools":[{"type":"x","model":"bad"}]}'),
        ("/openai/v1/responses", b'{"prompt":{"id":"pmpt_1"}}'),
        ("/openai/v1/batches", b'{"model":"ok-1","input_file_id":"f"}'),
        ("/anthropic/v1/messages/batches", b'{"model":"ok-1","requests":[]}'),
        ("/openai/v1/anything", b'{"model":"ok-1"}'),
        ("/azure/openai/deployments/bad/chat/completions", b'{"model":"ok-1"}'),
        ("/azure/openai/DEPLOYMENTS/bad/chat/completions", b'{"model":"ok-1"}'),
        ("/gemini/v1beta/models/bad:generateContent", b'{"model":"ok-1"}'),
        ("/gemini/v1beta/mod%65ls/b%61d%3AgenerateContent", b'{"model":"ok-1"}'),
        ("/gemini/v1beta/models/ok-1:x/models/bad:generateContent", b"{}"),
        ("/gemini/v1/projects/p/endpoints/7:generateContent", b'{"model":"ok-1"}'),
    ],
)  # fmt: skip
def test_another_model_is_refused_however_it_is_named(closed: Rig, path: str, body: bytes) -> None:
    answer = ask(closed, path, body)
    assert answer.status_code == 403
    assert "may call" in answer.text
    assert not closed.provider.received


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (field("model", "ok-1") + field("model", "bad") + END, FORM),
        (field("model", "ok-1", "fake") + field("model", "bad") + END, FORM),
        (field("other", "ok-1", x="name=model") + field("model", "bad") + END, FORM),
        (field("model", "ok-1") + field("model", "bad", filename="") + END, FORM),
        (field("model", "ok-1") + END, "multipart/form-data"),
        ('{"model":"ok-1"}', FORM),
        ('{"model":"ok-1"}', "application/x-www-form-urlencoded"),
    ],
)
def test_a_form_of_two_readings_is_refused(closed: Rig, body: str, kind: str) -> None:
    assert ask(closed, FORMS, body.encode(), content_type=kind).status_code == 403
    assert not closed.provider.received


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, {"model": "ok-1", "messages": [{"role": "user", "content": "Grüße \U0001f600"}]}),
        (CHAT, {"model": "ok-1", "tools": [{"function": {"parameters": {"model": {}, "n": "model"}}}]}),
        (CHAT, {"model": "ok-1", "metadata": {"model": "mine"}, "models": ["ok-2"]}),
        ("/gemini/v1beta/models/ok-1:generateContent", {"contents": []}),
        ("/azure/openai/deployments/ok-1/chat/completions", {"model": "whatever"}),
    ],
)  # fmt: skip
def test_what_names_its_models_plainly_passes(closed: Rig, path: str, body: dict[str, Any]) -> None:
    assert ask(closed, path, body).status_code == 200
    assert ask(closed, path, json.dumps(body).encode()).status_code == 200


def test_a_form_that_names_its_model_once_passes(closed: Rig) -> None:
    form = field("model", "ok-1") + field("file", "model", filename="model.wav") + END
    assert ask(
        closed, FORMS, form.encode(), content_type='multipart/form-data; boundary="b"'
    ).is_success


def test_a_key_without_such_rules_is_not_asked_for_any_of_it(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    assert ask(rig, CHAT, b'{"model":"bad","model":"ok-1"}').is_success
    assert rig.provider.received[-1].body == b'{"model":"bad","model":"ok-1"}'


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "x-method-override"])
def test_what_costs_nothing_by_its_method_is_taken_for_nothing_else(rig: Rig, name: str) -> None:
    rig.provider.answer = reply(b"{}")
    httpx2.get(rig.url + CHAT, headers={**rig.bearer, name: "POST"}, timeout=DEADLINE_S)
    assert rig.provider.received[-1].header(name) is None


@pytest.mark.parametrize(
    "path",
    [f"{CHAT}/%2F", f"{CHAT}/;x", "/openai/v1/files/.%252e/chat/completions"],
)
def test_a_path_that_may_be_read_as_another_is_counted(rig: Rig, path: str) -> None:
    rig.provider.answer = reply(chat_body())
    assert ask(rig, path, {"model": "gpt-4o"}).is_success
    assert rig.event().call.operation == "passthrough"
