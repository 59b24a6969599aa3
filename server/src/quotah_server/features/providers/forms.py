"""What somebody wrote about a provider account → as it is stored, with every fault named."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from quotah_server.domain.errors import InvalidInputError
from quotah_server.net.addresses import folded_host
from quotah_server.providers.base import Account
from quotah_server.providers.registry import ACCOUNTS

KEY_LENGTHS = (8, 4096)
"""Tokens of an identity service are long."""
SETTING_MAX = 200


def provider_key_of(text: str) -> str:
    """Check that a text can travel in a header as a provider's key; raises ValueError."""
    text = text.strip()
    shortest, longest = KEY_LENGTHS
    fits = shortest <= len(text) <= longest
    if not fits or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(
            f"is not a key: {shortest} to {longest} characters without spaces are expected"
        )
    return text


def account_of(provider: str) -> Account:
    """The account of a provider kind; raises InvalidInputError for an unknown one."""
    account = ACCOUNTS.get(provider)
    if account is None:
        known = ", ".join(sorted(ACCOUNTS))
        raise InvalidInputError(f"The provider is none of {known}.", field="provider")
    return account


def key_of(account: Account, api_key: str | None) -> str:
    """A key as it is sealed: "" where the provider needs none; raises InvalidInputError."""
    if not api_key:
        if account.keyless:
            return ""
        raise InvalidInputError(f"{account.label} needs a key.", field="api_key")
    try:
        return provider_key_of(api_key)
    except ValueError as error:
        raise InvalidInputError(f"api_key {error}", field="api_key") from error


def settings_of(account: Account, given: Mapping[str, str]) -> dict[str, str]:
    """The settings that differ from the account's defaults; raises InvalidInputError, naming one."""
    known = {setting.name: setting for setting in account.settings}
    for name, value in given.items():
        if name not in known:
            told = ", ".join(known) or "none"
            # The name is the caller's, and may be a secret in the wrong place: it is not repeated.
            raise InvalidInputError(
                f"There is a setting that {account.label} does not have (it has: {told}).",
                field="settings",
            )
        if len(value) > SETTING_MAX or not value.isascii() or not value.isprintable():
            raise InvalidInputError(
                f"{known[name].label} has up to {SETTING_MAX} printable ASCII characters.",
                field=f"settings.{name}",
            )
    trimmed = {name: value.strip() for name, value in given.items()}
    for setting in account.settings:
        if setting.required and not (trimmed.get(setting.name) or setting.default):
            raise InvalidInputError(
                f"{account.label} needs a setting: {setting.label}.",
                field=f"settings.{setting.name}",
            )
    return {
        name: value for name, value in trimmed.items() if value and value != known[name].default
    }


def base_url_of(account: Account, text: str | None) -> str:
    """Bring a base URL to the one form in which it is stored and sealed; None is the provider's own."""
    if text is None:
        if not account.base_url:
            raise InvalidInputError(
                f"{account.label} has no address that is the same for all: give its base URL.",
                field="base_url",
            )
        return account.base_url
    try:
        parts = urlsplit(text.strip())
        host, port = folded_host(parts.hostname or ""), parts.port
    except ValueError as error:
        raise InvalidInputError("The base URL cannot be read.", field="base_url") from error
    if parts.scheme not in ("http", "https"):
        raise InvalidInputError(
            "The base URL must begin with https:// or http://.", field="base_url"
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidInputError(
            "The base URL must not hold a user or password; the key goes into api_key.",
            field="base_url",
        )
    path = parts.path.rstrip("/")
    if parts.query or parts.fragment or not path.isascii() or not path.isprintable() or " " in path:
        raise InvalidInputError(
            "The base URL is scheme, host and path alone, such as https://api.example.com/v1.",
            field="base_url",
        )
    named = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{named}:{port}" if port else named, path, "", ""))
