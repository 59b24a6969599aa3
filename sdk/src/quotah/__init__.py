"""Quotah's SDK: tell Quotah what your LLM calls cost.

    from openai import OpenAI
    from quotah import Quotah

    q = Quotah()                      # QUOTAH_URL, QUOTAH_API_KEY
    client = q.wrap(OpenAI())

    with q.context(feature="search", user="ada"):
        client.chat.completions.create(...)

What leaves the process: model names, the provider's usage counts, times, status, and the words you
put into ``context``. Prompts and answers never do. The server prices; this package knows no money.
"""

from quotah.client import Quotah
from quotah.stats import Stats

__all__ = ["Quotah", "Stats", "__version__"]

__version__ = "0.1.0"
