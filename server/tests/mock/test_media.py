"""Speech and images of the stand-in."""

from __future__ import annotations

import base64
import io
import wave

import openai
import pytest


def test_speech_is_a_sound_file_billed_by_characters(client, mock) -> None:
    sound = client.audio.speech.create(model="tts-1", voice="alloy", input="Hé there")
    with wave.open(io.BytesIO(sound.content)) as read:
        assert read.getnframes() == 800
    (entry,) = mock.log()
    assert (entry.operation, entry.usage) == ("speech", {"input_characters": 8})


@pytest.mark.parametrize("length", [0, 4097])
def test_speech_of_no_length_or_too_long_is_refused(client, length: int) -> None:
    with pytest.raises(openai.BadRequestError):
        client.audio.speech.create(model="tts-1", voice="alloy", input="x" * length)


def test_as_many_images_come_as_were_asked_for(client, mock) -> None:
    answer = client.images.generate(
        model="dall-e-2", prompt="a cat", n=2, response_format="b64_json"
    )
    assert len(answer.data) == 2
    assert base64.b64decode(answer.data[0].b64_json).startswith(b"\x89PNG")
    assert client.images.generate(model="dall-e-3", prompt="a cat").data[0].url
    assert [entry.usage for entry in mock.log()] == [{"images": 2}, {"images": 1}]


def test_too_many_images_are_refused(client) -> None:
    with pytest.raises(openai.BadRequestError):
        client.images.generate(model="dall-e-2", prompt="a cat", n=11)


def test_a_fault_strikes_speech_too(client) -> None:
    with pytest.raises(openai.InternalServerError):
        client.audio.speech.create(model="tts-1", voice="alloy", input="[mock: fault=error-500]")


def test_pictures_billed_by_tokens_tell_them(client, mock) -> None:
    drawn = client.images.generate(model="gpt-image-1", prompt="a cat", quality="medium")
    edited = client.images.edit(
        model="gpt-image-1", prompt="a dog", image=("cat.png", b"\x89PNG\r\n\x1a\n")
    )
    assert drawn.usage.output_tokens == 1056
    assert edited.usage.input_tokens_details.image_tokens == 323
    assert [entry.usage["total_tokens"] for entry in mock.log()] == [
        drawn.usage.total_tokens,
        edited.usage.total_tokens,
    ]


def test_transcriptions_are_billed_by_tokens_or_by_the_second(client, mock) -> None:
    sound = ("a.wav", b"\x80" * 16_000)
    heard = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound)
    assert heard.usage.input_tokens == 20
    client.audio.transcriptions.create(model="whisper-1", file=sound)
    events = list(
        client.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound, stream=True)
    )
    assert events[-1].text == heard.text
    assert events[-1].usage.total_tokens == heard.usage.total_tokens
    assert mock.log()[1].usage == {"type": "duration", "seconds": 2}
    assert [entry.streaming for entry in mock.log()] == [False, False, True]
