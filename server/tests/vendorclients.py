"""Clients of vendors whose code warns while it is compiled: imported once, quietly."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import cohere
    from google import genai
    from google.genai import errors as genai_errors
    from google.genai import types as genai_types
    from mistralai.client import Mistral
    from mistralai.client.errors import SDKError as MistralError
    from opentelemetry.instrumentation.openai.v1 import OpenAIV1Instrumentor

__all__ = [
    "Mistral",
    "MistralError",
    "OpenAIV1Instrumentor",
    "cohere",
    "genai",
    "genai_errors",
    "genai_types",
]
