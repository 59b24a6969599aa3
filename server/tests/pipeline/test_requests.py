"""Lines of ``quotah price`` with the request beside the answer."""

from __future__ import annotations

from typing import Any

import pytest

from quotah_server.catalog.book import load_packaged
from quotah_server.pipeline.price_lines import price_line

BOOK = load_packaged()
SPEECH: dict[str, Any] = {
    "provider": "openai",
    "endpoint": "/v1/audio/speech",
    "response": {"_binary": True, "content_type": "audio/mpeg"},
}


def priced(line: dict[str, Any]) -> Any:
    return price_line({"date": "2026-01-15T12:00:00Z", **line}, BOOK)


def test_speech_is_priced_by_the_text_of_its_request() -> None:
    result = priced({**SPEECH, "request": {"model": "tts-1-hd", "input": "x" * 100}})

    assert (result["model"], result["cost_usd"]) == ("tts-1-hd", "0.003")
    assert result["usage"]["units"] == {"input_character": 100}


def test_speech_without_its_request_says_what_is_missing() -> None:
    result = priced({**SPEECH, "model": "tts-1"})

    assert (result["status"], result["cost_usd"]) == ("unpriced", None)
    assert "the price goes by the request" in result["reason"]
    assert result["usage"]["missing"]


def test_the_answer_counts_before_the_context_and_that_before_the_request() -> None:
    drawn = {"data": [{"url": "x"}], "size": "1024x1792"}
    line = {"provider": "openai", "model": "dall-e-3", "response": drawn}
    request = {"size": "1024x1024", "quality": "standard", "n": 1}

    assert priced({**line, "request": request})["cost_usd"] == "0.08"
    hd = {**line, "request": request, "context": {"quality": "hd"}}
    assert priced(hd)["cost_usd"] == "0.12"


def test_perplexitys_fee_goes_by_the_request_where_the_answer_names_no_cost() -> None:
    answer: dict[str, Any] = {
        "object": "chat.completion",
        "model": "sonar",
        "choices": [],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 0, "total_tokens": 1000},
    }
    line = {"provider": "perplexity", "response": answer}
    request = {"web_search_options": {"search_context_size": "medium"}}

    assert priced({**line, "request": request})["cost_usd"] == "0.009"
    assert priced(line)["cost_usd"] == "0.006"
    answer["usage"] = {**answer["usage"], "cost": {"total_cost": 0.5}}
    assert priced({**line, "request": request})["cost_usd"] == "0.5"


@pytest.mark.parametrize("request_value", ["text", [1], 3])
def test_a_request_that_is_no_object_is_refused(request_value: object) -> None:
    assert priced({**SPEECH, "request": request_value})["error"]["field"] == "request"


def test_a_recording_says_how_its_length_is_told() -> None:
    line = {"provider": "openai", "model": "whisper-1", "response": {"text": "hi"}}

    assert "verbose_json" in priced(line)["reason"]
