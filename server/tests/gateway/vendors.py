"""Mounts of further vendors in a rig, and answers as these vendors send them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from gateway.rig import DEADLINE_S, PROVIDER_KEY, WORKSPACE, Answer, Received, Rig, head, until

from quotah_server.domain.secrets import credential_binding
from quotah_server.domain.snapshot import Credential, Mount
from quotah_server.providers.registry import ACCOUNTS


def serve(
    rig: Rig, kind: str, *, mount: str = "", settings: dict[str, str] | None = None, path: str = ""
) -> str:
    """Let the rig's provider play a vendor; the URL of its mount. path: of the base URL, by default
    that of the vendor's own."""
    account = ACCOUNTS[kind]
    name = mount or kind
    base_url = f"http://127.0.0.1:{rig.provider.port}{path or urlsplit(account.base_url).path}"
    credential_id = name.ljust(32, "c")
    sealed = rig.ring.seal(PROVIDER_KEY, credential_binding(WORKSPACE, credential_id, base_url))
    credential = Credential(
        credential_id, WORKSPACE, kind, base_url, sealed, allow_private=True,
        settings=settings or {},
    )  # fmt: skip
    held = rig.control.snapshot
    assert held is not None
    mounts = {
        **held.mounts[WORKSPACE],
        name: Mount(name, kind, account.dialect, (credential,), account.base_url),
    }
    newer = msgspec.structs.replace(held, version=held.version + 1, mounts={WORKSPACE: mounts})
    rig.publish(newer)
    gateway = rig.gateway
    assert gateway is not None
    until(
        lambda: gateway.holder.view and gateway.holder.view.version == newer.version, "it is seen"
    )
    return f"{rig.url}/{name}"


def pieces(
    chunks: list[bytes],
    *,
    content_type: str = "application/json",
    gate: Callable[[int], Awaitable[None]] | None = None,
    then: str = "end",
) -> Answer:
    """Answer with a body in chunks of any type. then: end | reset."""

    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        fields = [("content-type", content_type), ("transfer-encoding", "chunked")]
        writer.write(head(200, fields))
        for number, chunk in enumerate(chunks):
            if gate is not None:
                await asyncio.wait_for(gate(number), DEADLINE_S)
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await writer.drain()
        if then == "reset":
            writer.transport.abort()
            raise ConnectionResetError
        writer.write(b"0\r\n\r\n")

    return answer


GEMINI_MODEL = "gemini-2.5-flash"
GEMINI_USAGE = {
    "promptTokenCount": 1000, "candidatesTokenCount": 20, "thoughtsTokenCount": 5,
    "totalTokenCount": 1025, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1000}],
}  # fmt: skip
GEMINI_UNITS = {"input": 1000, "output": 20, "reasoning": 5}


def gemini(text: str, *, ended: bool = True, **usage: int) -> dict[str, Any]:
    """A ``GenerateContentResponse``, whole or the chunk of a stream."""
    candidate: dict[str, Any] = {
        "content": {"parts": [{"text": text}], "role": "model"},
        "index": 0,
    }
    if ended:
        candidate["finishReason"] = "STOP"
    return {
        "candidates": [candidate],
        "usageMetadata": {**GEMINI_USAGE, **usage},
        "modelVersion": GEMINI_MODEL,
        "responseId": "r-1",
    }


def gemini_array(*values: Any) -> list[bytes]:
    """A stream without ``alt=sse``, in chunks that end anywhere."""
    whole = b"[" + b"\n,\r\n".join(
        msgspec.json.format(msgspec.json.encode(value), indent=2) for value in values
    )  # fmt: skip
    whole += b"\n]\n"
    return [whole[at : at + 37] for at in range(0, len(whole), 37)]


COHERE_USAGE = {
    "billed_units": {"input_tokens": 100.0, "output_tokens": 7.0},
    "tokens": {"input_tokens": 160.0, "output_tokens": 9.0},
}


def cohere_chat() -> dict[str, Any]:
    return {
        "id": "c-1", "finish_reason": "COMPLETE", "usage": COHERE_USAGE,
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
    }  # fmt: skip


def cohere_events() -> list[dict[str, Any]]:
    return [
        {"id": "c-1", "type": "message-start", "delta": {"message": {"role": "assistant"}}},
        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text"}}}},
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi"}}}},
        {"type": "content-end", "index": 0},
        {
            "type": "message-end", "id": "c-1",
            "delta": {"finish_reason": "COMPLETE", "usage": COHERE_USAGE},
        },
    ]  # fmt: skip
