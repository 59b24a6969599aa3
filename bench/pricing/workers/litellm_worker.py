"""LiteLLM. Its one way from an answer to a cost is ``completion_cost``, which reads usage and prices
it; the answer is in LiteLLM's own type before the clock runs."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from serve import Case, Priced, first, serve

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
ADAPTER = Path(__file__).resolve().parents[2] / "conformance/adapters/litellm.py"


def adapter() -> ModuleType:
    """The conformance adapter, which knows how an answer becomes LiteLLM's own."""
    spec = importlib.util.spec_from_file_location("litellm_adapter", ADAPTER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def price_first(case: Case) -> object:
    from litellm import ModelResponse, Usage, completion_cost

    response = case["response"]
    answer = ModelResponse(model=response["model"], usage=Usage(**response["usage"]))
    return completion_cost(completion_response=answer, model=response["model"])


def main() -> None:
    from importlib.metadata import version

    from litellm import completion_cost

    made = adapter()

    def prepare(case: Case) -> dict[str, Priced]:
        if made.not_applicable(case):
            raise LookupError
        answer, call_type = made.transformed(case)
        model, provider = made.named(case)
        tier = case["response"].get("service_tier") or case["context"].get("service_tier")
        if not isinstance(tier, str) or tier == "default":
            tier = None

        def run() -> object:
            return completion_cost(
                completion_response=answer, model=model, custom_llm_provider=provider,
                call_type=call_type, service_tier=tier,
            )  # fmt: skip

        return {"read and price": run, "price": run}

    serve(version("litellm"), prepare)


if __name__ == "__main__":
    if sys.argv[1:2] == ["first"]:
        first(price_first)
    else:
        main()
