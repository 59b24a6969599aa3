"""genai-prices. read and price: ``extract_usage`` and ``calc_price``. price: ``calc_price`` of a usage
that was read before. Each with the day and the tier."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from serve import Case, Priced, first, serve


def price_first(case: Case) -> object:
    from genai_prices import calc_price, extract_usage

    found = extract_usage(
        case["response"], provider_id=case["provider"], api_flavor=_flavours(case)[0]
    )
    return calc_price(
        found.usage, case["model"], provider_id=case["provider"],
        genai_request_timestamp=datetime.fromisoformat(case["date"]),
    ).total_price  # fmt: skip


def _flavours(case: Case) -> tuple[str, ...]:
    return (case["api_flavor"], "default", "chat", "responses", "anthropic")


def main() -> None:
    from importlib.metadata import version

    from genai_prices import calc_price, extract_usage

    def prepare(case: Case) -> dict[str, Priced]:
        response, provider = case["response"], case["provider"]
        flavour = next(one for one in _flavours(case) if _reads(extract_usage, case, one))
        usage = extract_usage(response, provider_id=provider, api_flavor=flavour).usage
        tier = response.get("service_tier") or case["context"].get("service_tier")
        more: dict[str, Any] = {
            "provider_id": provider,
            "genai_request_timestamp": datetime.fromisoformat(case["date"]),
            "price_context": {"service_tier": tier} if tier and tier != "default" else None,
        }
        model = response.get("model") or response.get("modelVersion") or case["model"]

        def read_and_price() -> object:
            found = extract_usage(response, provider_id=provider, api_flavor=flavour)
            return calc_price(found.usage, model, **more)

        return {"read and price": read_and_price, "price": lambda: calc_price(usage, model, **more)}

    serve(version("genai-prices"), prepare)


def _reads(extract: Any, case: Case, flavour: str) -> bool:
    try:
        extract(case["response"], provider_id=case["provider"], api_flavor=flavour)
    except (ValueError, LookupError):
        return False
    return True


if __name__ == "__main__":
    if sys.argv[1:2] == ["first"]:
        first(price_first)
    else:
        main()
