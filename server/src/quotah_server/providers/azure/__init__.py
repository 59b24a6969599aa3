"""Azure OpenAI: OpenAI's wire; the path names a deployment, the answer the model behind it.

The first chunk of a stream holds the content filter's verdict and no model. Region and kind of
deployment stand nowhere in an answer.
"""

from __future__ import annotations

import re

from quotah_server.providers.wires.openai import OpenAIWire

_PREFIX = re.compile(r"^(/openai)?(/deployments/[^/]+|/v1)?(?=/)")


class Azure(OpenAIWire):
    """The room of Azure."""

    name = "azure"

    def operation(self, method: str, path: str) -> str | None:
        """``/openai/deployments/{deployment}/chat/completions`` and ``/openai/v1/chat/completions``."""
        return super().operation(method, _PREFIX.sub("", path.partition("?")[0]))


PROVIDER = Azure()
