"""What a caller may ask of the stand-in, and the three ways to ask.

By header (``x-mock-fault: error-429``), by a directive inside any prompt text
(``[mock: fault=error-429 retry-after-ms=50]``), or by model name (``mock-error-429``). A header
beats the prompt, the prompt beats the model name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

_DIRECTIVE = re.compile(r"\[mock:\s*([^\]]*)\]")
_PREFIX = "x-mock-"
_HIGHEST = 10_000_000

FAULT_NAMES = frozenset(
    {
        "stall",
        "stall-midstream",
        "disconnect",
        "disconnect-midstream",
        "reset",
        "reset-midstream",
        "error-midstream",
        "garbage",
        "truncated",
        "html",
        "no-usage",
        "one-byte",
        "trickle",
        "absurd-usage",
        "negative-usage",
        "duplicate-usage",
    }
)
_STATUS_FAULT = re.compile(r"error-([45]\d\d)")


class ScriptError(ValueError):
    """A setting that the stand-in does not know or cannot read."""


class Script(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """The settings of one request; each is a header ``x-mock-<name>`` and a word of a directive."""

    fault: str | None = None
    """See ``FAULT_NAMES``; or ``error-<status>``."""
    fault_times: int | None = None
    """Only the first so many requests of the same ``fault_id`` fail."""
    fault_id: str = "default"
    fail_first: int | None = None
    """Short for ``fault_times``, with ``error-500`` where no fault is named."""
    retry_after_ms: int | None = None
    """For errors: sets ``retry-after-ms`` and ``retry-after`` (whole seconds, rounded up)."""
    error_code: str | None = None
    """For errors: the vendor's code, e.g. ``insufficient_quota``."""
    stall_ms: int = 30_000
    cut_after: int | None = None
    """Deltas that are sent before a fault strikes mid stream; default: half of them."""
    first_byte_ms: int = 0
    pace_ms: int = 0
    deltas: int | None = None
    write_bytes: int | None = None
    write_pause_ms: int | None = None
    """Pause after each write of ``write_bytes`` (1,000 for ``trickle``)."""
    text: str | None = None
    """The answer's text, word for word."""
    tool: str | None = None
    """Call this tool (it must be among the request's tools)."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    service_tier: str | None = None
    remaining_requests: int | None = None
    remaining_tokens: int | None = None
    """What the rate-limit headers say is left."""
    headers: str | None = None
    """Further headers of the answer: ``name=value; name=value``."""

    @property
    def error_status(self) -> int | None:
        """The HTTP status of an ``error-<status>`` fault."""
        found = _STATUS_FAULT.fullmatch(self.fault or "")
        return int(found[1]) if found else None

    @property
    def extra_headers(self) -> list[tuple[str, str]]:
        """The further headers, each a name and a value."""
        pairs = [part.partition("=") for part in (self.headers or "").split(";")]
        return [(n.strip().lower(), v.strip()) for n, sign, v in pairs if sign and n.strip()]


def read_script(headers: Mapping[str, str], model: str, texts: Iterable[str]) -> Script:
    """Collect the settings of a request.

    Raises ScriptError, naming the setting, for one that is unknown or no number where one is due.
    """
    settings: dict[str, str] = {}
    if model.startswith("mock-") and _is_fault(model[5:]):
        settings["fault"] = model[5:]
    for text in texts:
        for directive in _DIRECTIVE.findall(text):
            settings.update(_read_words(directive))
    for name, value in headers.items():
        if name.startswith(_PREFIX):
            settings[name[len(_PREFIX) :]] = value
    if not settings:
        return Script()
    try:
        script = msgspec.convert(settings, Script, strict=False)
    except msgspec.ValidationError as error:
        raise ScriptError(f"mock setting not understood: {error}") from error
    _check(script)
    if script.fail_first is None:
        return script
    fault = script.fault or "error-500"
    return msgspec.structs.replace(script, fault=fault, fault_times=script.fail_first)


def _read_words(directive: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for word in directive.replace(",", " ").split():
        name, sign, value = word.partition("=")
        if sign:
            words[name] = value
        else:
            words["fault"] = name
    return words


def _is_fault(name: str) -> bool:
    return name in FAULT_NAMES or _STATUS_FAULT.fullmatch(name) is not None


def _check(script: Script) -> None:
    if script.fault is not None and not _is_fault(script.fault):
        known = ", ".join(sorted(FAULT_NAMES))
        raise ScriptError(f"unknown fault {script.fault!r}: use error-<status> or one of {known}")
    for name in script.__struct_fields__:
        value = getattr(script, name)
        low = 1 if name in ("write_bytes", "deltas") else 0
        if isinstance(value, int) and not low <= value <= _HIGHEST:
            raise ScriptError(f"{name.replace('_', '-')} must lie between {low} and {_HIGHEST}")
