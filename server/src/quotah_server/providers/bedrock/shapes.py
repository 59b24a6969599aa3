"""Whose body InvokeModel answered with: the vendor decides its form, not Bedrock."""

from __future__ import annotations

from quotah_server.providers.counts import Raw, mapping

INVOCATION_METRICS = "amazon-bedrock-invocationMetrics"
_OURS = (INVOCATION_METRICS, "headers", "inputTextTokenCount", "prompt_token_count",
         "generation_token_count", "usageEvent", "inputTokens")  # fmt: skip


def of_body(body: Raw) -> str:
    """The operation of which a whole body is an answer."""
    if body.get("type") == "message":
        return "messages"
    return "chat" if "choices" in body and "usage" in body else "invoke_model"


def of_event(event: Raw) -> str:
    kind = event.get("type")
    if isinstance(kind, str) and kind.startswith(("message_", "content_block_")):
        return "messages"
    return "chat" if "choices" in event else "invoke_model"


def of_usage(operation: str, raw: Raw) -> str:
    """The operation of which a usage object is."""
    if any(name in raw for name in _OURS):
        return "converse" if "inputTokens" in raw else "invoke_model"
    if operation != "invoke_model":
        return operation
    if "input_tokens" in raw or "output_tokens" in raw:
        return "messages"
    return "chat" if "prompt_tokens" in raw or "completion_tokens" in raw else operation


def metrics(event: Raw) -> Raw:
    """What Bedrock adds to the last chunk of a stream."""
    return mapping(event, INVOCATION_METRICS)
