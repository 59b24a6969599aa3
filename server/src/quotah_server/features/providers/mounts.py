"""Mounts: the first path segment of the gateway under which a workspace's provider answers."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from quotah_server.catalog.aliases import canonical
from quotah_server.domain.errors import InvalidInputError
from quotah_server.providers.registry import ACCOUNTS, PROVIDERS, calls_of

RESERVED = frozenset({"healthz", "readyz", "metrics", "internal", "api", "admin", "v1", "mock"})
PATTERN = "^[a-z0-9][a-z0-9-]{0,31}$"
_USUAL = ("messages", "generate_content", "chat")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")


class UsedKey(msgspec.Struct, frozen=True):
    """A provider key that the gateway uses."""

    id: str
    name: str
    hint: str
    weight: int


class Mounted(msgspec.Struct, frozen=True):
    """What a mount stands for in a workspace. kind: the provider kind, a name of ``ACCOUNTS``.
    stored: it has a key here; else it serves only those who bring one. keys: those in use."""

    name: str
    kind: str
    stored: bool = False
    keys: tuple[UsedKey, ...] = ()

    @property
    def label(self) -> str:
        """The provider as people know it; a mount of another name is called by that."""
        return ACCOUNTS[self.kind].label if self.name == self.kind else self.name

    @property
    def shape(self) -> str:
        """How its requests look: mounts of one shape understand each other's."""
        account = ACCOUNTS[self.kind]
        return account.shape or account.dialect

    @property
    def operation(self) -> str:
        """What is asked of it most."""
        reads = PROVIDERS[self.shape].reads
        return next((name for name in _USUAL if name in reads), _USUAL[-1])

    @property
    def provider(self) -> str:
        """Whose calls they are, in our words."""
        return calls_of(self.kind, self.name)


def mount_of(text: str) -> str:
    """Check a mount's name; raises ValueError."""
    if not _NAME.match(text):
        raise ValueError("has 1 to 32 letters (a to z), digits and dashes, and begins with no dash")
    if text in RESERVED:
        raise ValueError(f"{text} is an address of the gateway's own; choose another name")
    return text


def check_kind(mount: str, kind: str, mounts: Mapping[str, Mounted]) -> None:
    """See that a mount may stand for a provider kind; raises InvalidInputError naming ``mount``.

    mounts: of the workspace.
    """
    known = canonical(mount)
    if known in ACCOUNTS and known != kind:
        raise InvalidInputError(
            f"The mount {mount} stands for {ACCOUNTS[known].label}; choose another name.",
            field="mount",
        )
    there = mounts.get(mount)
    if there is not None and there.stored and there.kind != kind:
        raise InvalidInputError(
            f"The mount {mount} has keys of {ACCOUNTS[there.kind].label}, and a mount has one kind "
            "of provider.",
            field="mount",
        )


def vendors() -> dict[str, Mounted]:
    """The providers with an address of their own: a caller's own key reaches them without a stored one."""
    return {
        name: Mounted(name, name)
        for name, account in ACCOUNTS.items()
        if account.base_url and not account.keyless
    }
