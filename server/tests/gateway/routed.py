"""Snapshots with routes and with several keys per provider, for a rig whose provider tells them apart.

Every credential leads to the rig's provider: its name is the key that the provider gets, its mount the
first segment of the path below the provider.

    rig.provider.answer = by_key({"one": reply(b"…", status=429), "two": reply(chat_body())})
    follow(rig, mounts={"openai": [key("one"), key("two")]}, routes=[Route("r1", "r", …)])
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import msgspec
from gateway.rig import DEADLINE_S, PROJECT, WORKSPACE, Answer, Received, Rig

from quotah_server.domain.routing import Route
from quotah_server.domain.secrets import credential_binding, hash_key
from quotah_server.domain.snapshot import Credential, GatewayKey, Mount, Snapshot
from quotah_server.kit.clock import utc_now
from quotah_server.providers.registry import ACCOUNTS

CHAT = "/openai/v1/chat/completions"
ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there"}]}


class Key(msgspec.Struct, frozen=True):
    """A credential to be made. base_url: None is the rig's provider."""

    name: str
    weight: int = 1
    base_url: str | None = None
    is_mock: bool = False
    broken: bool = False
    """It is sealed for somewhere else."""
    settings: dict[str, str] = {}


def key(name: str, **fields: Any) -> Key:
    return Key(name, **fields)


def _credential(rig: Rig, mount: str, provider: str, made: Key) -> Credential:
    default = f"http://127.0.0.1:{rig.provider.port}/{mount}"
    base_url = made.base_url or default
    credential_id = f"{mount}-{made.name}".ljust(32, "c")
    binding = credential_binding(WORKSPACE, credential_id, "nowhere" if made.broken else base_url)
    return Credential(
        credential_id,
        WORKSPACE,
        provider,
        base_url,
        rig.ring.seal(made.name, binding),
        is_mock=made.is_mock,
        allow_private=True,
        weight=made.weight,
        settings=made.settings,
    )


def follow(
    rig: Rig,
    *,
    mounts: dict[str, list[Key]] | None = None,
    providers: dict[str, str] | None = None,
    routes: list[Route] | None = None,
    key_mounts: tuple[str, ...] = (),
    **fields: Any,
) -> Snapshot:
    """Publish a snapshot and wait until the gateway holds it.

    mounts: the keys of each; openai alone, with one, where none are named. providers: whose a mount
    is, where its name does not say. key_mounts: those that the gateway key may call. fields: of it.
    """
    gateway = rig.gateway
    assert gateway is not None
    view = gateway.holder.view
    version = (view.version if view is not None else 1) + 1
    kinds = providers or {}
    found: dict[str, Mount] = {}
    for name, keys in (mounts or {"openai": [key("one")]}).items():
        kind = kinds.get(name, name)
        account = ACCOUNTS.get(kind)
        dialect = account.dialect if account is not None else "openai"
        credentials = tuple(_credential(rig, name, kind, made) for made in keys)
        base_url = f"http://127.0.0.1:{rig.provider.port}/{name}" if not keys else ""
        found[name] = Mount(name, kind, dialect, credentials, base_url)
    plain = GatewayKey("0" * 32, hash_key(rig.key), WORKSPACE, PROJECT, environment="production")
    gateway_key = msgspec.structs.replace(plain, mounts=key_mounts, **fields)
    snapshot = Snapshot(
        version,
        utc_now(),
        {gateway_key.hash: gateway_key},
        {WORKSPACE: found},
        routes={WORKSPACE: tuple(routes or ())},
    )
    rig.publish(snapshot)
    assert gateway.holder.wait_for(version, DEADLINE_S)
    return snapshot


def used(received: Received) -> str:
    """The key with which the provider was called."""
    for name in ("authorization", "x-api-key", "api-key", "x-goog-api-key"):
        value = received.header(name)
        if value is not None:
            return value.removeprefix("Bearer ")
    return ""


def mount_of(received: Received) -> str:
    """The mount by which the provider was reached."""
    return received.target.split("/")[1]


def chosen(pick: Callable[[Received], str], answers: dict[str, Answer]) -> Answer:
    """Answer by what a request looks like."""

    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        await answers[pick(received)](received, writer)

    return answer


def by_key(answers: dict[str, Answer]) -> Answer:
    return chosen(used, answers)


def by_mount(answers: dict[str, Answer]) -> Answer:
    return chosen(mount_of, answers)


def in_turn(*answers: Answer) -> Answer:
    """One answer after the other; the last one stands."""
    left = list(answers)

    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(received, writer)

    return answer


def post(
    rig: Rig, body: dict[str, Any] | None = None, path: str = CHAT, **headers: str
) -> httpx2.Response:
    return httpx2.post(
        rig.url + path, json=body or ASK, headers={**rig.bearer, **headers}, timeout=DEADLINE_S
    )


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
