"""A span to what accounting needs of it: whose answer, which model, what it counted."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, cast

from quotah_server.catalog.aliases import aliases, canonical
from quotah_server.domain.money import named, usd_text
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Raw, mapping, text
from quotah_server.providers.otel import names
from quotah_server.providers.otel.agents import agents_data, take_agents_data
from quotah_server.providers.otel.attributes import (
    attributes_of,
    embedded,
    scope_of,
    written_counts,
)
from quotah_server.providers.otel.kind import makes_no_output, told_kind
from quotah_server.providers.otel.native import metadata_counts, native_usage
from quotah_server.providers.otel.usage import PROVIDER, REPEATS, SCOPE, UNTOLD_OUTPUT

EMITTER_COST = "emitter_cost_usd"
"""Extras key: the cost that the span's library reckoned, as decimal text."""
_KNOWN = {name for ours, others in aliases().items() for name in (ours, *others)}
_SUFFIXES = re.compile(
    r"\.(?:messages|chat|responses|completions?|embeddings?|text|image|speech|transcription)$"
)
_QUALIFIED = re.compile(r"arn:|[a-z][a-z0-9-]*\.[a-z]")
_REGION_OF_HOST = re.compile(
    r"bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com|([a-z]+-[a-z]+\d+)-aiplatform\.googleapis\.com"
)


def read_span(span: Raw) -> Answer:
    """A whole span."""
    answer = Answer()
    take_span(answer, span)
    return answer


def take_span(answer: Answer, span: Raw) -> None:
    """Take what a span says. Its usage is what it counted itself, unless it carries the provider's
    object; ``answer.operation`` then says whose.
    """
    agents = agents_data(span)
    if agents is not None:
        called = take_agents_data(answer, agents)
        answer.extras = answer.extras if called else {**answer.extras, REPEATS: True}
        answer.error_class = "error" if span.get("error") else answer.error_class
        answer.complete = answer.error_class is None
        return
    attributes = attributes_of(span)
    provider = provider_of(attributes)
    answer.provider = provider or answer.provider
    answer.model = _model(attributes, provider) or answer.model
    answer.response_id = _first(attributes, names.RESPONSE_ID) or answer.response_id
    answer.service_tier = _first(attributes, names.SERVICE_TIER) or answer.service_tier
    answer.finish_reason = _finish(attributes) or answer.finish_reason
    _take_place(answer, attributes)
    _take_cost(answer, attributes)
    native = native_usage(attributes, provider or "")
    if native is not None:
        answer.operation, answer.usage = native
        _take_billed_as(answer, native.usage)
    elif usage := _counted(attributes):
        answer.usage = {
            **usage,
            SCOPE: scope_of(span),
            PROVIDER: _first(attributes, names.PROVIDER),
        }
    name = text(span, "name") or ""
    if told_kind(attributes, name) is False:
        answer.extras = {**answer.extras, REPEATS: True}
    elif native is None and _lacks_output(answer, attributes, name):
        answer.extras = {**answer.extras, UNTOLD_OUTPUT: True}
    answer.error_class = text(attributes, "error.type") or _status(span) or answer.error_class
    answer.complete = answer.error_class is None


def provider_of(attributes: Raw) -> str | None:
    """Our name of the provider; None where the span names none or only a framework."""
    for field in names.PROVIDER:
        word = (text(attributes, field) or "").strip().lower()
        if word and word not in names.FRAMEWORKS:
            return _provider(word)
    return None


def _provider(word: str) -> str:
    """``anthropic.messages`` → anthropic, ``google.vertex.chat`` → gemini; else the word itself."""
    whole = word
    while word and word not in _KNOWN:
        word = word.rpartition(".")[0]
    return canonical(word or _SUFFIXES.sub("", whole))


def _model(attributes: Raw, provider: str | None) -> str | None:
    """The model that answered. Of Bedrock's, the id that was asked for: answers shorten it."""
    answered, asked = (
        _first(attributes, names.RESPONSE_MODEL),
        _first(attributes, names.REQUEST_MODEL),
    )
    if provider == "bedrock" and asked and not _QUALIFIED.match(answered or ""):
        return asked
    return answered or asked


def _first(attributes: Raw, fields: tuple[str, ...]) -> str | None:
    return next((word for field in fields if (word := text(attributes, field))), None)


def _finish(attributes: Raw) -> str | None:
    for field in names.FINISH_REASON:
        value = attributes.get(field)
        if isinstance(value, list) and value:
            value = cast("list[object]", value)[0]
        if isinstance(value, str) and value:
            return value
    return None


def _take_place(answer: Answer, attributes: Raw) -> None:
    """The host that was called; some name the region that sets the price."""
    host = text(attributes, "server.address")
    if host is None or "." not in host:
        return
    url = host if "://" in host else f"https://{host}"
    answer.extras = {**answer.extras, "base_url": url}
    found = _REGION_OF_HOST.search(host)
    answer.region = (found.group(1) or found.group(2)) if found else answer.region


def _take_cost(answer: Answer, attributes: Raw) -> None:
    details = embedded(attributes.get("langfuse.observation.cost_details"))
    values = [*(attributes.get(field) for field in names.COST), details.get("total")]
    for value in values:
        if (amount := _amount(value)) is not None:
            answer.extras = {**answer.extras, EMITTER_COST: amount}
            return


def _amount(value: object) -> str | None:
    """A non-negative number as decimal text."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    amount = named(str(value))
    return None if amount is None else usd_text(amount)


def _take_billed_as(answer: Answer, usage: Raw) -> None:
    """What the provider's own object says of the way it bills.

    A cost that it names is for the provider's room to read (``base.Teller``): it need not be the whole.
    """
    answer.service_tier = text(usage, "service_tier") or answer.service_tier
    billed = {name: word for name in ("speed", "inference_geo") if (word := text(usage, name))}
    answer.extras = {**answer.extras, **billed}


def _counted(attributes: Raw) -> dict[str, Any]:
    """The attributes that count, with those that stand in text unfolded."""
    found: dict[str, Any] = {
        field: value
        for field, value in attributes.items()
        if field.startswith(names.USAGE_PREFIXES) and not isinstance(value, dict | list | str)
    }
    for field, prefix in names.DETAILS.items():
        for name, count in written_counts(attributes.get(field)).items():
            found[f"{prefix}{name}"] = count
    found.update(metadata_counts(attributes))
    if not found:
        parts = written_counts(attributes.get(names.LANGFUSE_USAGE))
        found = {f"{names.LANGFUSE_USAGE}.{name}": count for name, count in parts.items()}
    return found


def _lacks_output(answer: Answer, attributes: Raw, name: str) -> bool:
    told = answer.usage
    if told is None or any(told.get(field) is not None for field in names.OUTPUT):
        return False
    return not makes_no_output(attributes, name)


def _status(span: Raw) -> str | None:
    code = mapping(span, "status").get("code")
    return "error" if code in (2, "STATUS_CODE_ERROR", "ERROR") else None
