"""Calls whose price depends on what was asked for, through a real gateway."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import httpx2
import msgspec
import openai
import pytest
from gateway.rig import Rig, book, reply, stream, until

from quotah_server.pipeline.record import cost_of

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
SECRET = "a garden that nobody may know of"


def client(rig: Rig) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{rig.url}/openai/v1", api_key=rig.key, max_retries=0)


def pictures(count: int, **more: Any) -> bytes:
    return msgspec.json.encode({"created": 1, "data": [{"url": "https://x"}] * count, **more})


def test_speech_is_priced_by_its_characters_though_the_answer_is_sound(rig: Rig) -> None:
    rig.provider.answer = reply(WAV, content_type="audio/mpeg")
    answer = client(rig).audio.speech.create(model="tts-1", voice="alloy", input=SECRET)
    assert answer.content == WAV
    event = rig.event()
    assert event.usage.units == {"input_character": len(SECRET)}
    assert (event.cost_status, event.cost_usd) == ("computed", len(SECRET) * Decimal("0.000015"))
    assert event.call.extras["input_characters"] == len(SECRET)
    assert SECRET not in repr(event)


def test_speech_billed_by_tokens_is_unpriced_and_says_how_it_is_priced(rig: Rig) -> None:
    rig.provider.answer = reply(WAV, content_type="audio/mpeg")
    client(rig).audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="Hello")
    event = rig.event()
    assert (event.cost_status, event.cost_usd) == ("unpriced", None)
    assert "stream_format=sse" in (event.cost_reason or "")


def test_speech_billed_by_tokens_is_priced_where_the_stream_tells_them(rig: Rig) -> None:
    usage = b'{"input_tokens":10,"output_tokens":100,"total_tokens":110}'
    rig.provider.answer = stream(
        [
            b'data: {"type":"speech.audio.delta","audio":"AAAA"}\n\n',
            b'data: {"type":"speech.audio.done","usage":' + usage + b"}\n\n",
        ]
    )
    speech = client(rig).audio.speech.with_streaming_response
    with speech.create(
        model="gpt-4o-mini-tts", voice="alloy", input="Hello", stream_format="sse"
    ) as answer:
        answer.read()
    event = rig.event()
    assert event.usage.units == {"input": 10, "output": 0, "output_audio": 100}
    assert event.cost_status == "computed"


def test_refused_speech_costs_nothing(rig: Rig) -> None:
    rig.provider.answer = reply(b'{"error":{"code":"too_long"}}', status=400)
    with pytest.raises(openai.BadRequestError):
        client(rig).audio.speech.create(model="tts-1", voice="alloy", input="Hello")
    event = rig.event()
    assert (event.cost_usd, event.usage.units) == (0, {})


@pytest.mark.parametrize(
    ("asked", "cost", "rule"),
    [
        ({"size": "1024x1792", "quality": "hd"}, "0.12", "#hd+1024x1792"),
        ({"size": "1792x1024"}, "0.08", "default quality"),
        ({"size": "1024x1024", "quality": "standard"}, "0.04", "#standard+1024x1024"),
        ({}, "0.04", "default quality and size"),
        ({"quality": "hd"}, "0.08", "default size"),
    ],
)
def test_an_image_of_a_flat_price_goes_by_what_was_asked_for(
    rig: Rig, asked: dict[str, Any], cost: str, rule: str
) -> None:
    rig.provider.answer = reply(pictures(1))
    client(rig).images.generate(model="dall-e-3", prompt=SECRET, **asked)
    event = rig.event()
    assert (event.cost_status, event.cost_usd) == ("computed", Decimal(cost))
    assert SECRET not in repr(event)
    assert rule in priced_rule(rig)


def priced_rule(rig: Rig) -> str:
    event = rig.event()
    (item,) = cost_of(event.call, event.usage, book()).items
    return item.rule


def test_images_are_counted_in_the_answer(rig: Rig) -> None:
    rig.provider.answer = reply(pictures(2))
    client(rig).images.generate(model="dall-e-2", prompt="x", n=3, size="256x256")
    event = rig.event()
    assert event.usage.units == {"image": 2}
    assert event.cost_usd == Decimal("0.032")


def test_images_too_large_to_be_read_are_counted_in_the_request(rig: Rig) -> None:
    rig.provider.answer = reply(pictures(1, padding="x" * (rig.limits.parsed_bytes + 1)))
    client(rig).images.generate(model="dall-e-2", prompt="x", n=3, size="256x256")
    event = rig.event()
    assert (event.usage.units, event.usage.flags) == ({"image": 3}, ("as_asked:image",))
    assert event.cost_usd == Decimal("0.048")


def test_a_size_nobody_prices_is_unpriced(rig: Rig) -> None:
    rig.provider.answer = reply(pictures(1))
    asked: dict[str, Any] = {"model": "dall-e-3", "prompt": "x", "size": "4096x4096"}
    client(rig).images.generate(**asked)
    event = rig.event()
    assert event.cost_usd is None
    assert "size=4096x4096" in (event.cost_reason or "")


def test_what_the_answer_says_of_an_image_counts_before_the_request(rig: Rig) -> None:
    rig.provider.answer = reply(pictures(1, size="1024x1024", quality="standard"))
    client(rig).images.generate(model="dall-e-3", prompt="x", size="1024x1792", quality="hd")
    assert rig.event().cost_usd == Decimal("0.04")


def test_an_edit_in_a_form_is_priced_by_its_fields(rig: Rig) -> None:
    rig.provider.answer = reply(pictures(2))
    image = ("a.png", io.BytesIO(b"\x89PNG" + b"\x00" * 100_000))
    client(rig).images.edit(model="dall-e-2", image=image, prompt=SECRET, n=2, size="512x512")
    event = rig.event()
    assert event.call.model_requested == "dall-e-2"
    assert event.cost_usd == Decimal("0.036")
    assert SECRET not in repr(event)


def test_a_recording_in_a_form_is_priced_by_the_model_it_names(rig: Rig) -> None:
    body = {"text": "hi", "usage": {"type": "duration", "seconds": 60}}
    rig.provider.answer = reply(msgspec.json.encode(body))
    client(rig).audio.transcriptions.create(model="whisper-1", file=("a.wav", io.BytesIO(WAV)))
    event = rig.event()
    assert event.call.model_requested == "whisper-1"
    assert event.cost_usd == Decimal("0.006")


def test_subtitles_tell_no_length_and_are_unpriced_with_a_way_out(rig: Rig) -> None:
    rig.provider.answer = reply(b"1\n00:00 --> 00:01\nhi\n", content_type="text/plain")
    client(rig).audio.transcriptions.create(
        model="whisper-1", file=("a.wav", io.BytesIO(WAV)), response_format="srt"
    )
    event = rig.event()
    assert event.cost_usd is None
    assert "verbose_json" in (event.cost_reason or "")
    assert event.call.extras["response_format"] == "srt"


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe"])
def test_the_text_of_a_recording_says_nothing_of_its_length(rig: Rig, model: str) -> None:
    rig.provider.answer = reply(b'{"text":"hello there"}')
    client(rig).audio.transcriptions.create(model=model, file=("a.wav", io.BytesIO(WAV)))
    event = rig.event()
    assert (event.cost_status, event.usage.units) == ("unpriced", {})
    assert "verbose_json" in (event.cost_reason or "")


@pytest.mark.parametrize(
    ("offered", "unit"),
    [("web_search_preview", "web_search_preview"), ("web_search", "web_search")],
)
def test_the_tool_that_was_offered_tells_a_preview_search(
    rig: Rig, offered: str, unit: str
) -> None:
    usage = {"input_tokens": 10, "output_tokens": 10, "total_tokens": 20}
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    body = {"id": "r", "object": "response", "model": "gpt-4o-2024-08-06", "status": "completed"}
    rig.provider.answer = reply(msgspec.json.encode({**body, "output": [search], "usage": usage}))
    asked = {"model": "gpt-4o", "input": SECRET, "tools": [{"type": offered}]}
    url = f"{rig.url}/openai/v1/responses"
    assert httpx2.post(url, headers=rig.bearer, json=asked).status_code == 200
    event = rig.event()
    assert event.usage.units[unit] == 1
    assert event.cost_status == "computed"
    assert SECRET not in repr(event)


@pytest.mark.parametrize(
    ("options", "cost"),
    [({"search_context_size": "high"}, "0.01203"), ({}, "0.00503"), (None, "0.00503")],
)
def test_perplexitys_fee_goes_by_what_was_to_be_searched(
    rig: Rig, options: dict[str, str] | None, cost: str
) -> None:
    view = rig.make_snapshot(2)
    ((workspace, routes),) = view.mounts.items()
    own = msgspec.structs.replace(routes["openai"], name="perplexity", provider="perplexity")
    rig.publish(msgspec.structs.replace(view, mounts={workspace: {**routes, "perplexity": own}}))
    until(lambda: rig.gateway and getattr(rig.gateway.holder.view, "version", 0) == 2, "a route")
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    message = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": "x"},
    }
    body = {"id": "1", "object": "chat.completion", "model": "sonar", "choices": [message]}
    rig.provider.answer = reply(msgspec.json.encode({**body, "usage": usage}))
    asked: dict[str, Any] = {"model": "sonar", "messages": [{"role": "user", "content": "x"}]}
    if options is not None:
        asked["web_search_options"] = options
    url = f"{rig.url}/perplexity/v1/chat/completions"
    assert httpx2.post(url, headers=rig.bearer, json=asked).status_code == 200
    assert rig.event().cost_usd == Decimal(cost)
