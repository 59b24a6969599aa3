"""Which encoding a model counts with, and whose framing of messages is documented. By rule, never by
likeness: an id that no rule names has no exact count."""

from __future__ import annotations

import re

O200K, CL100K, HARMONY = "o200k_base", "cl100k_base", "o200k_harmony"
_END = r"(?=$|[-:@])"
_RULES = tuple(
    (re.compile(pattern), encoding)
    for pattern, encoding in (
        (rf"gpt-oss{_END}", HARMONY),
        (rf"(?:chatgpt-4o|gpt-4o|gpt-4\.[15]){_END}", O200K),
        (rf"gpt-5(?:\.\d+)?{_END}", O200K),
        (rf"o[134]{_END}", O200K),
        (rf"(?:gpt-4|gpt-3\.5|gpt-35){_END}", CL100K),
        (rf"(?:text-embedding-3|text-embedding-ada-002|davinci-002|babbage-002){_END}", CL100K),
    )
)
"""tiktoken's own table of models as rules; o1 to o4 and gpt-5.x count as their first ones. A generation
whose encoding OpenAI has not published, such as gpt-6, has no rule: its counts are estimates."""
_FRAMED = re.compile(
    rf"(?:gpt-3\.5-turbo|gpt-35-turbo|gpt-4|gpt-4o){_END}(?!-(?:mini-)?(?:audio|realtime|search|transcribe|tts))"
)
"""Models whose framing of chat messages OpenAI has published (cookbook, "How to count tokens with
tiktoken"): gpt-3.5-turbo, gpt-4, gpt-4o and gpt-4o-mini."""
_VENDOR = re.compile(r"(?:openai|azure|azure_ai)[/.]")
_FINE_TUNED = re.compile(r"ft:([^:]+)")


def encoding_of(model: str) -> str | None:
    """The encoding of a model id, dated and fine-tuned ones included; None where none is public."""
    name = bare(model)
    return next((encoding for rule, encoding in _RULES if rule.match(name)), None)


def is_framing_known(model: str) -> bool:
    """Whether it is documented what chat messages cost a model beyond their texts."""
    return _FRAMED.match(bare(model)) is not None


def bare(model: str) -> str:
    """A model id without its vendor and its owner: `azure/gpt-4o` and `ft:gpt-4o:acme::1` → `gpt-4o`."""
    name = _VENDOR.sub("", model.strip().lower(), count=1)
    fine_tuned = _FINE_TUNED.match(name)
    return fine_tuned.group(1) if fine_tuned else name
