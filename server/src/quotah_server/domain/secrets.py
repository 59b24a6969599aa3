"""Quotah's own keys, and what a stored provider secret is bound to.

A key reads ``qk_gw_<32 base62><6 base62 checksum>``: a kind that scanners recognise, 190 bits of
chance, and a CRC32 so that a mistyped key is told from a revoked one without asking the database.
Only the SHA-256 is stored; the entropy makes a slow hash pointless.
"""

from __future__ import annotations

import hashlib
import re
import secrets as _random
import zlib
from typing import Literal
from urllib.parse import urlsplit

KeyKind = Literal["gateway", "ingest", "admin"]
PREFIXES: dict[str, str] = {"gateway": "qk_gw_", "ingest": "qk_in_", "admin": "qk_ad_"}

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"qk_(gw|in|ad)_[0-9A-Za-z]{38}\Z")
_KINDS: dict[str, KeyKind] = {"gw": "gateway", "in": "ingest", "ad": "admin"}


def _checksum(text: str) -> str:
    value, digits = zlib.crc32(text.encode()), []
    for _ in range(6):
        value, rest = divmod(value, 62)
        digits.append(_ALPHABET[rest])
    return "".join(digits)


def mint_key(kind: KeyKind) -> str:
    """Make a new key of a kind; it is shown once and stored hashed."""
    body = PREFIXES[kind] + "".join(_random.choice(_ALPHABET) for _ in range(32))
    return body + _checksum(body)


def key_kind(text: str) -> KeyKind | None:
    """Tell the kind of a well-formed key; None when it is none of ours or mistyped."""
    shape = _SHAPE.match(text)
    if shape is None or _checksum(text[:-6]) != text[-6:]:
        return None
    return _KINDS[shape.group(1)]


def hash_key(text: str) -> str:
    """The SHA-256 of a key, in hex: what is stored and looked up."""
    return hashlib.sha256(text.encode()).hexdigest()


def hint(text: str) -> str:
    """What may be shown of a secret afterwards: its last four characters (none of a short one)."""
    return text[-4:] if len(text) >= 12 else ""


def fingerprint(text: str) -> str:
    """Sixteen hex digits that tell two secrets apart and reveal neither."""
    return hashlib.sha256(b"quotah-fingerprint\0" + text.encode()).hexdigest()[:16]


def origin(url: str) -> str:
    """Scheme, host and port of a URL: ``https://api.openai.com:443``."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def credential_binding(workspace_id: str, credential_id: str, base_url: str) -> bytes:
    """Associated data of a provider secret: moved to another row, tenant or origin, it does not open."""
    return f"provider_credential\0{workspace_id}\0{credential_id}\0{origin(base_url)}".encode()
