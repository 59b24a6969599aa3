"""Prices cases with genai-prices: JSON lines in, JSON lines out. Runs in an environment of its own.

raw: what the library makes of the answer and the day alone, through its own extractors, in whichever
of its flavours reads the answer. hinted: the same with everything its interface can be told beside the
answer: tier, batch, speed, and counts of tools where it has a unit for them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

# This script has the library's name: what Python put first on the path is this script's own folder.
sys.path.pop(0)

from genai_prices import data_snapshot
from genai_prices.types import Usage

FLAVOURS = ("default", "chat", "responses", "anthropic", "images", "embeddings", "realtime", "ocr",
            "ocr_annotated", "tokens")  # fmt: skip
SNAPSHOT = data_snapshot.get_snapshot()


def not_applicable(case: dict[str, Any]) -> str | None:
    """Why a case cannot be put to the library at all."""
    if set(case["response"]) == {"stream"}:
        return "assembles no streams"
    if any(key.startswith("user_") for key in case["context"]):
        return "knows no prices of one's own"
    return None


def unwrapped(response: dict[str, Any]) -> dict[str, Any]:
    """The answer inside a line of a batch."""
    return response["result"]["message"] if "result" in response else response


def extracted(case: dict[str, Any]) -> tuple[Usage, str | None]:
    """Usage and model by the extractor that finds most in the answer."""
    provider = SNAPSHOT.find_provider(None, case["provider"], None)
    answer = unwrapped(case["response"])
    best: tuple[int, Usage, str | None] | None = None
    failure: Exception = ValueError("no extractor")
    for flavour in (case["api_flavor"], *FLAVOURS):
        try:
            model, usage = provider.extract_usage(answer, api_flavor=flavour)
        except Exception as error:  # noqa: BLE001 -- whatever it is, another flavour may read it
            failure = error
            continue
        found = len(usage._reported_values())  # noqa: SLF001 -- to choose what serves the library best
        if best is None or found > best[0]:
            best = (found, usage, model)
    if best is None:
        raise failure
    return best[1], best[2]


def priced(
    case: dict[str, Any], usage: Usage, model: str | None, context: dict[str, str]
) -> Decimal:
    names = [name for name in (model, case["model"]) if name]
    at = datetime.fromisoformat(case["date"])
    failure: Exception = LookupError("no model")
    for name in names:
        try:
            return SNAPSHOT.calc(
                usage, name, case["provider"], None, at, context or None
            ).total_price
        except LookupError as error:
            failure = error
    raise failure


def raw(case: dict[str, Any]) -> Decimal:
    usage, model = extracted(case)
    return priced(case, usage, model, {})


def hinted(case: dict[str, Any]) -> Decimal:
    response, context = unwrapped(case["response"]), case["context"]
    try:
        usage, model = extracted(case)
    except Exception:
        usage, model = by_hand(response), None
        if usage is None:
            raise
    told = {}
    tier = response.get("service_tier") or context.get("service_tier")
    inner = response.get("usage") or {}
    if isinstance(response.get("serviceTier"), dict):
        tier = response["serviceTier"].get("type")
    traffic = (response.get("usageMetadata") or {}).get("trafficType") or ""
    if traffic.startswith("ON_DEMAND_"):
        tier = traffic.removeprefix("ON_DEMAND_").lower()
    if tier and tier != "default":
        told["service_tier"] = tier
    if (
        "result" in case["response"]
        or context.get("processing") == "batch"
        or inner.get("service_tier") == "batch"
    ):
        told = {"processing": "batch"}
    speed = context.get("speed") or inner.get("speed")
    if speed and speed != "standard":
        told["speed"] = speed
    free = context.get("free_allowance_exhausted") is False
    for unit, count in tools(response).items():
        if count and not free:
            setattr(usage, unit, count)
    return priced(case, usage, model, told)


def tools(response: dict[str, Any]) -> dict[str, int]:
    """Counts of tool calls under the library's names, as a careful user would pass them."""
    found = {"web_searches": 0, "storage_searches": 0, "social_searches": 0, "code_executions": 0}
    kinds = {"web_search_call": "web_searches", "file_search_call": "storage_searches",
             "x_search_call": "social_searches"}  # fmt: skip
    for item in response.get("output") or []:
        unit = kinds.get(item.get("type")) if isinstance(item, dict) else None
        if unit:
            found[unit] += 1
    server = (response.get("usage") or {}).get("server_tool_use") or {}
    found["web_searches"] += server.get("web_search_requests") or 0
    details = (response.get("usage") or {}).get("server_side_tool_usage_details") or {}
    found["web_searches"] = details.get("web_search_calls") or found["web_searches"]
    found["social_searches"] = details.get("x_search_calls") or found["social_searches"]
    found["code_executions"] += details.get("code_interpreter_calls") or 0
    for candidate in response.get("candidates") or []:
        queries = (candidate.get("groundingMetadata") or {}).get("webSearchQueries") or []
        # Gemini 2 bills the prompt that was grounded, Gemini 3 each query.
        per_prompt = str(response.get("modelVersion")).startswith("gemini-2")
        found["web_searches"] += min(len(queries), 1) if per_prompt else len(queries)
    return found


def by_hand(response: dict[str, Any]) -> Usage | None:  # noqa: PLR0911 -- one shape after the other
    """Usage of shapes without an extractor, filled in as a careful user would."""
    usage = response.get("usage") or {}
    if "input_characters" in response:
        return Usage(input_characters=response["input_characters"])
    if usage.get("type") == "duration":
        return Usage(audio_seconds=usage["seconds"], input_audio_seconds=usage["seconds"])
    if "duration_seconds" in response:
        seconds = response["duration_seconds"]
        return Usage(audio_seconds=seconds, input_audio_seconds=seconds)
    if "inputTextTokenCount" in response:
        return Usage(input_tokens=response["inputTextTokenCount"], output_tokens=0)
    if "input_tokens" in usage:
        return Usage(
            input_tokens=usage["input_tokens"], output_tokens=usage.get("output_tokens", 0)
        )
    if "prompt_tokens" in usage:
        details = usage.get("prompt_tokens_details") or {}
        return Usage(
            input_tokens=usage["prompt_tokens"],
            output_tokens=usage.get("completion_tokens", 0),
            cache_read_tokens=details.get("cached_tokens") or 0,
        )
    units = (response.get("meta") or {}).get("billed_units") or {}
    if "search_units" in units:
        return Usage(rerank_searches=units["search_units"])
    if "input_tokens" in units:
        return Usage(input_tokens=units["input_tokens"], output_tokens=0)
    return None


def outcome(way: Callable[[dict[str, Any]], Decimal], case: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"cost_usd": f"{way(case):f}"}
    except Exception as error:  # noqa: BLE001 -- a refusal is a result
        return {"cost_usd": None, "error": f"{type(error).__name__}: {error}"[:200]}


def main() -> None:
    print(json.dumps({"version": version("genai-prices")}))
    for line in sys.stdin:
        case = json.loads(line)
        reason = not_applicable(case)
        result = {"id": case["id"], "not_applicable": reason}
        if reason is None:
            result |= {"raw": outcome(raw, case), "hinted": outcome(hinted, case)}
        print(json.dumps(result))


if __name__ == "__main__":
    main()
