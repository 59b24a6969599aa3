"""OpenAI. Its room also reads vendors that speak its wire and have no room of their own."""

from __future__ import annotations

from quotah_server.providers.wires.openai import OpenAIWire


class OpenAI(OpenAIWire):
    """The room of OpenAI."""

    name = "openai"


PROVIDER = OpenAI()
