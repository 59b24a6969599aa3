"""Authenticated encryption with named keys.

A sealed text reads ``<key id>:<base64 nonce>:<base64 ciphertext and tag>`` (AES-256-GCM). The key id
allows several keys side by side; the associated data ties a sealed text to the place it was made for.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class SealError(Exception):
    """A sealed text does not open: wrong key, wrong place, or changed."""


class KeyRing:
    """Keys by id; one of them seals, all of them open."""

    def __init__(self, keys: Mapping[str, bytes], active: str) -> None:
        if active not in keys:
            raise SealError(f"the key ring has no key {active!r}")
        for key_id, key in keys.items():
            if len(key) != 32:
                raise SealError(f"key {key_id!r} has {len(key)} bytes; 32 are needed")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.active = active

    def seal(self, plain: str, binding: bytes) -> str:
        """Encrypt a text for the place that ``binding`` names."""
        nonce = os.urandom(12)
        sealed = self._ciphers[self.active].encrypt(nonce, plain.encode(), binding)
        return ":".join((self.active, _b64(nonce), _b64(sealed)))

    def open(self, sealed: str, binding: bytes) -> str:
        """Decrypt; raises SealError when key, place or bytes are not those it was sealed with."""
        try:
            key_id, nonce, body = sealed.split(":")
            cipher = self._ciphers[key_id]
            return cipher.decrypt(_unb64(nonce), _unb64(body), binding).decode()
        except (ValueError, KeyError, InvalidTag) as error:
            raise SealError("a sealed text does not open with this key ring") from error


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parse_ring(text: str) -> KeyRing:
    """Read ``id:base64`` lines (or commas between); the first seals."""
    keys: dict[str, bytes] = {}
    for entry in text.replace(",", "\n").split():
        key_id, _, body = entry.partition(":")
        try:
            keys[key_id] = _unb64(body)
        except ValueError as error:
            raise SealError(f"key {key_id!r} is not base64") from error
    if not keys:
        raise SealError("the key ring is empty")
    return KeyRing(keys, next(iter(keys)))


def load_ring(path: Path) -> KeyRing | None:
    """Read the key ring in a file; None where there is no file."""
    try:
        return parse_ring(path.read_bytes().decode())
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise SealError("the key ring is not text") from error


def create_ring(path: Path) -> KeyRing:
    """Make a key ring in a file (mode 0600) that appears whole; one that is there already stays."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "w") as file:
            file.write(f"k1:{_b64(secrets.token_bytes(32))}\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    return parse_ring(path.read_text())
