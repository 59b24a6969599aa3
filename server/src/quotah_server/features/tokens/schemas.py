"""What is counted, and the answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, model_validator

from quotah_server.http.fields import Body

_ONE_OF = ("text", "messages", "input")


class CountIn(Body):
    """What is to be counted: exactly one of text, messages and input."""

    model: str = Field(min_length=1, max_length=256, examples=["gpt-5.5"])
    provider: str | None = Field(default=None, max_length=64, examples=["openai"])
    text: str | None = Field(default=None, description="A text by itself, without any framing.")
    messages: list[dict[str, Any]] | None = Field(
        default=None, description="Messages of a chat, as the provider takes them."
    )
    system: str | list[Any] | None = Field(
        default=None, description="The system prompt, where it stands beside the messages."
    )
    input: str | list[Any] | None = Field(
        default=None, description="Texts or tokens to embed, or the items of a response."
    )
    tools: list[dict[str, Any]] | None = Field(default=None, max_length=1000)

    @model_validator(mode="after")
    def _one(self) -> CountIn:
        given = [name for name in _ONE_OF if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(_ONE_OF)}")
        return self


class CountOut(BaseModel):
    """A count of input tokens."""

    model: str
    tokens: int
    exact: bool = Field(
        description="Counted with the model's own tokenizer; otherwise an estimate. Tools, images and "
        "framing that nobody published make a count an estimate."
    )
    method: str = Field(
        examples=["tiktoken:o200k_base", "provider", "estimate:claude"],
        description="How it was counted.",
    )
    factor: float | None = Field(
        description="Of an estimate: what the tokens of o200k_base were multiplied by.",
    )
    note: str | None = Field(
        description="Why the provider was not asked, where it could have been."
    )
