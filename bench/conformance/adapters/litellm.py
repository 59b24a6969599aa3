"""Prices cases with LiteLLM: JSON lines in, JSON lines out. Runs in an environment of its own.

raw: the answer through LiteLLM's own transformation of that provider's usage, then
``completion_cost`` with model and provider. hinted: also tier, batch, region, residency, speed and
what else its interface can be told. It knows no dates: every price is the one of its newest list, and
what depends on the time of day is taken at the moment of the run.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import version
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
sys.path.pop(0)  # this script has the library's name

import litellm
from litellm import completion_cost
from litellm.cost_calculator import batch_cost_calculator, ocr_batch_cost
from litellm.llms.base_llm.ocr.transformation import OCRResponse
from litellm.llms.bedrock.chat.converse_transformation import AmazonConverseConfig
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig
from litellm.responses.utils import ResponseAPILoggingUtils
from litellm.types.llms.openai import ResponsesAPIResponse
from litellm.types.rerank import RerankResponse
from litellm.types.utils import (
    EmbeddingResponse,
    ImageResponse,
    ModelResponse,
    TranscriptionResponse,
    TranscriptionUsageDurationObject,
    TranscriptionUsageTokensObject,
    Usage,
)

PROVIDERS = {
    "openai": "openai", "anthropic": "anthropic", "google": "gemini", "aws": "bedrock",
    "azure": "azure", "mistral": "mistral", "cohere": "cohere_chat", "deepseek": "deepseek",
    "groq": "groq", "x-ai": "xai", "openrouter": "openrouter", "perplexity": "perplexity",
    "together": "together_ai", "fireworks": "fireworks_ai", "ollama": "ollama",
    "self-hosted": "hosted_vllm",
}  # fmt: skip


def not_applicable(case: dict[str, Any]) -> str | None:
    if set(case["response"]) == {"stream"}:
        return "assembles no raw streams"
    return None


def provider_of(case: dict[str, Any]) -> str:
    if case["provider"] == "google" and "claude" in case["model"]:
        return "vertex_ai"
    if case["provider"] == "cohere" and case["api_flavor"] in ("rerank", "embeddings"):
        return "cohere"
    return PROVIDERS[case["provider"]]


def model_of(case: dict[str, Any]) -> str:
    response = case["response"]
    model = response.get("model") or response.get("modelVersion") or case["model"]
    if case["provider"] == "aws":
        model = case["model"].rpartition("/")[2]
    if case["provider"] == "openrouter":
        model = f"openrouter/{case['model']}"
    return str(model)


def transformed(case: dict[str, Any], speed: str | None = None) -> tuple[Any, str]:
    """The answer as LiteLLM's own types hold it, and its call type."""
    response = dict(case["response"])
    if "result" in response:
        response = response["result"]["message"]
    if response.get("object") == "response":
        return ResponsesAPIResponse(**{"created_at": 0, "parallel_tool_calls": False, "error": None,
            "incomplete_details": None, "instructions": None, "metadata": {}, "temperature": None,
            "tool_choice": "auto", "tools": [], "top_p": None, **response}), "responses"  # fmt: skip
    other = medium(case, response)
    if other is not None:
        return other
    usage = usage_of(response, speed)
    if "object" in response:  # OpenAI's shape, which LiteLLM's type is: all of it, choices included
        rest = {key: value for key, value in response.items() if key != "usage"}
        return ModelResponse(**rest, usage=usage), "completion"
    return ModelResponse(model=model_of(case), usage=usage), "completion"


def usage_of(  # noqa: PLR0911 -- one shape after the other
    response: dict[str, Any], speed: str | None
) -> Usage:
    """Usage of an answer in words, by LiteLLM's transformation of its vendor's shape."""
    usage = response.get("usage") or {}
    if "usageMetadata" in response:
        found = VertexGeminiConfig._calculate_usage(response)  # noqa: SLF001 -- its own reading
        candidates = response.get("candidates") or []
        grounding = [c["groundingMetadata"] for c in candidates if "groundingMetadata" in c]
        if grounding:
            VertexGeminiConfig.set_grounding_usage_counters(found, grounding)
        return found
    if "inputTokens" in usage:
        return AmazonConverseConfig().transform_usage(usage)
    if response.get("type") == "message":
        return litellm.AnthropicConfig().calculate_usage(
            usage_object=usage, reasoning_content=None, completion_response=response, speed=speed
        )
    if response.get("type") == "response.done":
        return realtime_usage(response["response"]["usage"])
    billed = usage.get("billed_units") or usage.get("tokens")
    if billed:
        return Usage(
            prompt_tokens=billed["input_tokens"], completion_tokens=billed["output_tokens"]
        )
    if "prompt_eval_count" in response:
        return Usage(
            prompt_tokens=response["prompt_eval_count"], completion_tokens=response["eval_count"]
        )
    return Usage(**usage)


def medium(case: dict[str, Any], response: dict[str, Any]) -> tuple[Any, str] | None:
    """An answer in another medium than words: images, pages, speech, vectors, ranks."""
    model, usage = model_of(case), response.get("usage") or {}
    if case["api_flavor"] == "images" or ("data" in response and "created" in response):
        images = response.get("data") or [{"url": "x"}]
        return ImageResponse(created=0, data=images, usage=usage or None), "image_generation"
    if "usage_info" in response:
        page = {"index": 0, "markdown": ""}
        return OCRResponse(pages=[page], model=model, usage_info=response["usage_info"]), "ocr"
    if case["api_flavor"] == "transcription":
        return transcription(response, usage), "transcription"
    if response.get("object") == "list" or case["api_flavor"] == "embeddings":
        billed = (response.get("meta") or {}).get("billed_units") or {}
        counts = (
            usage.get("prompt_tokens"),
            billed.get("input_tokens"),
            response.get("inputTextTokenCount"),
        )
        tokens = next((count for count in counts if count), 0)
        found = Usage(prompt_tokens=tokens, total_tokens=tokens)
        return EmbeddingResponse(model=model, usage=found), "embedding"
    if case["api_flavor"] == "rerank":
        return RerankResponse(id="x", results=[], meta=response["meta"]), "rerank"
    return None


def transcription(response: dict[str, Any], usage: dict[str, Any]) -> TranscriptionResponse:
    """A transcription with its length where LiteLLM looks for it."""
    answer = TranscriptionResponse(text="x")
    if usage.get("type") == "tokens":
        answer.usage = TranscriptionUsageTokensObject(**usage)
    elif usage.get("type") == "duration":
        answer.usage = TranscriptionUsageDurationObject(**usage)
    seconds = (
        usage.get("seconds")
        or usage.get("prompt_audio_seconds")
        or response.get("duration_seconds")
    )
    if seconds:
        answer._hidden_params = {"audio_transcription_duration": float(seconds)}  # noqa: SLF001 -- where it looks
    return answer


def realtime_usage(usage: dict[str, Any]) -> Usage:
    """What a realtime session reports, under the names that LiteLLM's usage has."""
    told = {"input_tokens_details": usage["input_token_details"],
            "output_tokens_details": usage["output_token_details"], **usage}  # fmt: skip
    return ResponseAPILoggingUtils.transform_response_api_usage_to_chat_usage(told)


def named(case: dict[str, Any]) -> tuple[str, str]:
    return model_of(case), provider_of(case)


def by_call(case: dict[str, Any], **more: Any) -> float:
    """Speech has no usage: the text is what counts."""
    model, provider = named(case)
    if "input_characters" in case["response"]:
        text = "x" * case["response"]["input_characters"]
        return completion_cost(
            model=model, custom_llm_provider=provider, prompt=text, call_type="speech"
        )
    answer, call = transformed(case, more.pop("speed", None))
    return completion_cost(
        completion_response=answer,
        model=model,
        custom_llm_provider=provider,
        call_type=call,
        **more,
    )


def raw(case: dict[str, Any]) -> float:
    return by_call(case)


def hinted(case: dict[str, Any]) -> float:  # noqa: C901, PLR0912 -- one hint after the other
    context, response = case["context"], case["response"]
    usage = response.get("usage") or {}
    model, provider = named(case)
    if (
        context.get("processing") == "batch"
        or usage.get("service_tier") == "batch"
        or "result" in response
    ):
        answer, call = transformed(case)
        if call == "ocr":
            return sum(ocr_batch_cost(model, provider, answer.usage_info))
        found = answer.usage
        if not isinstance(found, Usage):
            found = ResponseAPILoggingUtils.transform_response_api_usage_to_chat_usage(
                found.model_dump()
            )
        return sum(batch_cost_calculator(usage=found, model=model, custom_llm_provider=provider))
    more: dict[str, Any] = {}
    tier = response.get("service_tier") or context.get("service_tier")
    if isinstance(response.get("serviceTier"), dict):
        tier = response["serviceTier"].get("type")
    traffic = (response.get("usageMetadata") or {}).get("trafficType") or ""
    if traffic.startswith("ON_DEMAND_"):
        tier = traffic.removeprefix("ON_DEMAND_").lower()
    if tier and tier != "default":
        more["service_tier"] = tier
    speed = context.get("speed") or usage.get("speed")
    if speed:
        more["speed"] = speed
    host = context.get("base_url") or ""
    if provider == "openai" and host.startswith(("https://eu.", "https://us.")):
        more["data_residency"] = host[8:10]
    if provider == "vertex_ai" and context.get("region"):
        more["vertex_location"] = context["region"]
    if case["api_flavor"] == "images" and not usage:
        more |= {"size": "1024x1024", "quality": "standard", "n": len(response["data"])}
    prices = {name.removesuffix("_mtok"): float(rate) / 1e6
              for name, rate in (context.get("user_price") or {}).items()}  # fmt: skip
    if prices:
        more["custom_cost_per_token"] = {
            "input_cost_per_token": prices["input"],
            "output_cost_per_token": prices["output"],
            "cache_read_input_token_cost": prices.get("cache_read", prices["input"]),
        }
    if "user_discount_pct" in context:
        litellm.cost_discount_config = {provider: context["user_discount_pct"] / 100}
    size = usage.get("search_context_size")
    if size or "web_search_preview" in (context.get("tools") or []):
        options = {"search_context_size": size} if size else {}
        more["standard_built_in_tools_params"] = {"web_search_options": options}
    try:
        return by_call(case, **more)
    finally:
        litellm.cost_discount_config = {}


def outcome(way: Callable[[dict[str, Any]], float], case: dict[str, Any]) -> dict[str, Any]:
    try:
        cost = way(case)
        return {"cost_usd": None if cost is None else f"{Decimal(repr(float(cost))):f}"}
    except Exception as error:  # noqa: BLE001 -- a refusal is a result
        return {"cost_usd": None, "error": f"{type(error).__name__}: {error}"[:200]}


def main() -> None:
    out, sys.stdout = sys.stdout, sys.stderr  # the library prints hints to standard output
    print(json.dumps({"version": version("litellm")}), file=out)
    for line in sys.stdin:
        case = json.loads(line)
        reason = not_applicable(case)
        result = {"id": case["id"], "not_applicable": reason}
        if reason is None:
            result |= {"raw": outcome(raw, case), "hinted": outcome(hinted, case)}
        print(json.dumps(result), file=out)


if __name__ == "__main__":
    main()
