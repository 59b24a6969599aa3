"""How the id of a model is written: resource paths, ARNs and prefixes around the name itself."""

from __future__ import annotations

import re

from quotah_server.catalog.aliases import canonical

GEOGRAPHIES = ("us", "us-gov", "eu", "apac", "jp", "au", "ca", "in", "global")
"""What Bedrock puts before the id of a model that runs across regions, with a dot."""
_PATH = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/)?models/")
_ENDPOINT = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?endpoints/")
_ARN = re.compile(r"arn:[a-z-]+:(?:bedrock|sagemaker):[^:]*:[^:]*:([a-z-]+)/(.+)", re.DOTALL)
_TELLING = ("foundation-model", "inference-profile")
"""Kinds of ARN that hold the id of a model; other kinds hold one that the account made up."""
_HIDING = {
    "provisioned-model": "provisioned throughput is billed by the hour",
    "application-inference-profile": "an application inference profile does not tell its model",
    "prompt-router": "a prompt router does not tell the model that answered",
}
_ROUTES = frozenset({"nitro", "floor", "exacto", "online"})
"""OpenRouter: how to choose among who serves the model, or a search put before it; the model stays."""


def named(model_id: str) -> str:
    """An id as it is compared: the name of the model alone, in lower case.

    Blanks around it, ``models/``, ``publishers/…/models/``, ``projects/…`` and an ARN that holds the
    id of a model go. An ARN that hides its model stays as it is.
    """
    text = model_id.strip().lower()
    arn = _ARN.fullmatch(text)
    if arn is not None and arn.group(1) in _TELLING:
        return arn.group(2)
    path = _PATH.match(text)
    return text if path is None else text[path.end() :]


def why_hidden(model_id: str) -> str:
    """Why an id cannot tell its model, and what to do; empty where it may."""
    text = model_id.strip().lower()
    arn = _ARN.fullmatch(text)
    if arn is not None and arn.group(1) not in _TELLING:
        kind = arn.group(1)
        told = _HIDING.get(kind, f"{kind.replace('-', ' ')}s have no list price")
    elif _ENDPOINT.match(text):
        told = "an endpoint does not tell its model"
    else:
        return ""
    return f"{told}: set a price for this deployment"


def spellings(text: str, provider: str) -> tuple[str, ...]:
    """An id as it stands, then without a prefix that names its own provider (``openai/gpt-4o`` at
    openai) and without what only routes the call (``…:nitro``).
    """
    found = [text]
    vendor, slash, rest = text.partition("/")
    if slash and rest and canonical(vendor) == provider:
        found.append(rest)
    name, _, route = text.rpartition(":")
    if route in _ROUTES and "/" in name[1:-1]:
        found.append(name)
    return tuple(found)


def vendor_of(text: str, vendors: tuple[str, ...]) -> tuple[str, str] | None:
    """``anthropic/claude-…`` at a reseller of Anthropic's models → (vendor, id)."""
    vendor, slash, rest = text.partition("/")
    name = canonical(vendor)
    return (name, rest) if slash and rest and name in vendors else None
