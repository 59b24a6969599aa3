"""Accounts that differ from OpenAI's in name and address alone.

Their rooms, where they have one, know only their wire. Addresses as the vendors' own clients have them.
"""

from __future__ import annotations

from quotah_server.providers.base import ASKED_FOR_USAGE, Account

COMPATIBLE = "compatible"
"""Whatever speaks OpenAI's wire at an address of its own: its calls are named after its mount."""

ACCOUNTS = (
    Account(
        "mistral", "Mistral", "https://api.mistral.ai/v1", dialect="mistral", shape="openai",
    ),
    Account("groq", "Groq", "https://api.groq.com/openai/v1"),
    Account("deepseek", "DeepSeek", "https://api.deepseek.com"),
    Account("xai", "xAI", "https://api.x.ai/v1"),
    Account("together", "Together AI", "https://api.together.ai/v1"),
    Account("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", check_path="/key"),
    Account(
        "perplexity", "Perplexity", "https://api.perplexity.ai",
        check_path=None, dialect="perplexity", shape="openai",
    ),
    Account("fireworks", "Fireworks AI", "https://api.fireworks.ai/inference/v1"),
    Account("ollama", "Ollama", "http://127.0.0.1:11434/v1", keyless=True),
    Account("vllm", "vLLM", "", keyless=True),
    Account(COMPATIBLE, "OpenAI-compatible", "", keyless=True, settings=(ASKED_FOR_USAGE,)),
)  # fmt: skip
