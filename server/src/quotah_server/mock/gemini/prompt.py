"""Reading a Gemini request: contents in order, their tokens by modality, what is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from quotah_server.mock.plan import Tool, Wish
from quotah_server.mock.prose import count_tokens, seed_of

MEDIA_TOKENS = 258
"""Tokens of one picture, clip or document."""
_PER_CONTENT = 4
_PER_REQUEST = 3
_MODALITIES = {"image": "IMAGE", "audio": "AUDIO", "video": "VIDEO", "application": "DOCUMENT"}
_SNAKES = re.compile(
    rb'"(mime_type|inline_data|file_data|function_call|function_response|function_declarations|'
    rb"parameters_json_schema|function_calling_config|allowed_function_names|system_instruction|"
    rb"generation_config|max_output_tokens|response_mime_type|response_schema|tool_config|"
    rb'response_json_schema|thinking_config|thinking_budget|thinking_level|output_dimensionality)"'
    rb"(?=\s*:)"
)
_LEVELS = {"minimal": 0, "low": 64, "medium": 192, "high": 512}
_THINKS = {"flash-lite": 0, "flash": 128, "pro": 256}


class Blob(msgspec.Struct, frozen=True, rename="camel"):
    """Bytes in the request, or a file's address."""

    mime_type: str = "application/octet-stream"


class Part(msgspec.Struct, frozen=True, rename="camel"):
    """One part of a content."""

    text: str = ""
    inline_data: Blob | None = None
    file_data: Blob | None = None
    function_call: dict[str, Any] | None = None
    function_response: dict[str, Any] | None = None


class Content(msgspec.Struct, frozen=True):
    """One turn; a system instruction has no role."""

    parts: list[Part] = []
    role: str = "user"


class Declaration(msgspec.Struct, frozen=True, rename="camel"):
    """A function that is offered."""

    name: str
    description: str = ""
    parameters: dict[str, Any] | None = None
    parameters_json_schema: dict[str, Any] | None = None


class Tools(msgspec.Struct, frozen=True, rename="camel"):
    """Functions; Google's own tools are passed over."""

    function_declarations: list[Declaration] = []


class CallingConfig(msgspec.Struct, frozen=True, rename="camel"):
    """Whether a function must be called."""

    mode: str = "AUTO"
    allowed_function_names: list[str] = []


class ToolConfig(msgspec.Struct, frozen=True, rename="camel"):
    """Options of tools."""

    function_calling_config: CallingConfig = CallingConfig()


class Thinking(msgspec.Struct, frozen=True, rename="camel"):
    """How hard to think."""

    thinking_budget: int | None = None
    thinking_level: str | None = None
    include_thoughts: bool = False


class Config(msgspec.Struct, frozen=True, rename="camel"):
    """The parts of ``generationConfig`` that change the answer."""

    max_output_tokens: int | None = None
    response_mime_type: str = "text/plain"
    response_schema: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    thinking_config: Thinking = Thinking()


class Ask(msgspec.Struct, frozen=True, rename="camel"):
    """The parts of a request that change the answer."""

    contents: list[Content]
    system_instruction: Content | None = None
    tools: list[Tools] | None = None
    tool_config: ToolConfig = ToolConfig()
    generation_config: Config = Config()
    cached_content: str | None = None
    service_tier: str | None = None


class Prompt(msgspec.Struct):
    """The input of a request: its text in order and its tokens by modality."""

    text: str = ""
    tokens: dict[str, int] = {}
    last_user_text: str = ""

    @property
    def total(self) -> int:
        """All tokens."""
        return sum(self.tokens.values())


def in_camel_case(body: bytes) -> bytes:
    """A request with the names that are read here in camel case: Google takes snake case as well,
    and its own client mixes both.
    """
    return _SNAKES.sub(_camel, body)


def _camel(found: re.Match[bytes]) -> bytes:
    first, *others = found[1].split(b"_")
    return b'"' + first + b"".join(word.capitalize() for word in others) + b'"'


def read_prompt(ask: Ask) -> Prompt:
    """Count a request's input: 3, 4 for each content, and its parts."""
    prompt = Prompt(tokens={"TEXT": _PER_REQUEST})
    for declared in declarations(ask):
        _add_text(prompt, msgspec.json.encode(declared).decode())
    for content in [*filter(None, [ask.system_instruction]), *ask.contents]:
        _add(prompt, content)
    return prompt


def count_content(content: Content) -> Prompt:
    """Count a text that is to be embedded: its parts alone."""
    prompt = Prompt(tokens={"TEXT": 0})
    for part in content.parts:
        _add_part(prompt, part)
    return prompt


def declarations(ask: Ask) -> list[Declaration]:
    """Every function that is offered."""
    return [declared for tools in ask.tools or [] for declared in tools.function_declarations]


def wish_of(ask: Ask, prompt: Prompt, model: str) -> Wish:
    """What the answer is to be."""
    config, calling = ask.generation_config, ask.tool_config.function_calling_config
    last = ask.contents[-1].parts if ask.contents else []
    names = calling.allowed_function_names
    forced = None
    if calling.mode.upper() == "ANY":
        forced = names[0] if names else "*"
    return Wish(
        seed=seed_of(model, prompt.text),
        last_user_text=prompt.last_user_text,
        limit=config.max_output_tokens,
        reasoning=_thoughts(model, config.thinking_config),
        tools=[
            Tool(d.name, _lower(d.parameters_json_schema or d.parameters or {"type": "object"}))
            for d in declarations(ask)
        ],
        forced_tool=forced,
        tools_allowed=calling.mode.upper() != "NONE"
        and not any(part.function_response is not None for part in last),
        schema=_schema(config),
    )


def _thoughts(model: str, thinking: Thinking) -> int:
    if thinking.thinking_level is not None:
        return _LEVELS.get(thinking.thinking_level.lower(), _LEVELS["high"])
    if thinking.thinking_budget is not None and thinking.thinking_budget >= 0:
        return thinking.thinking_budget // 4
    return next((n for word, n in _THINKS.items() if word in model), 0)


def _schema(config: Config) -> Mapping[str, Any] | None:
    if config.response_mime_type != "application/json":
        return None
    given = config.response_json_schema or config.response_schema
    return _lower(given or {"type": "object", "properties": {"answer": {"type": "string"}}})


def _lower(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema of Google's as JSON schema has it: types in lower case."""
    lowered: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "type" and isinstance(value, str):
            lowered[name] = value.lower()
        elif isinstance(value, dict):
            lowered[name] = _lower(cast("dict[str, Any]", value))
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            lowered[name] = [_lower(i) if isinstance(i, dict) else i for i in items]
        else:
            lowered[name] = value
    return lowered


def _add(prompt: Prompt, content: Content) -> None:
    prompt.text += f"{content.role}\n"
    prompt.tokens["TEXT"] += _PER_CONTENT
    for part in content.parts:
        _add_part(prompt, part)
    texts: Sequence[str] = [part.text for part in content.parts if part.text]
    if content.role == "user" and texts:
        prompt.last_user_text = "\n".join(texts)


def _add_part(prompt: Prompt, part: Part) -> None:
    blob = part.inline_data or part.file_data
    if blob is not None:
        modality = _MODALITIES.get(blob.mime_type.partition("/")[0], "DOCUMENT")
        prompt.tokens[modality] = prompt.tokens.get(modality, 0) + MEDIA_TOKENS
        return
    called = part.function_call or part.function_response
    _add_text(prompt, part.text if called is None else msgspec.json.encode(called).decode())


def _add_text(prompt: Prompt, text: str) -> None:
    prompt.text += text + "\n"
    prompt.tokens["TEXT"] += count_tokens(text)
