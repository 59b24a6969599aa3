"""Azure OpenAI: OpenAI's API under ``/openai``; dated versions name the deployment in the path.

``/openai/deployments/{deployment}/…?api-version=…`` is Azure's own way, ``/openai/v1/…`` OpenAI's, with
the deployment as model and no version. Base URLs end with the host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from quotah_server.gateway.dialects.another_model import body_with_model
from quotah_server.gateway.dialects.base import Ask, has_parameter, without_ours
from quotah_server.gateway.dialects.openai import OpenAIDialect

API_VERSION = "api_version"
_DEPLOYMENT = re.compile(r"(/openai/deployments/)([^/]+)(?=/)")
_OWN = "/openai/"
_V1 = "/openai/v1/"


class AzureDialect(OpenAIDialect):
    """OpenAI's wire, other paths, ``api-key``."""

    name = "azure"
    key_names: tuple[str, ...] = ("api-key", "authorization")

    def upstream_path(self, path: str) -> str:
        """Who asks as OpenAI is asked gets the API that is like OpenAI's."""
        if path.startswith(_OWN):
            return path
        return _V1 + path.removeprefix("/v1").lstrip("/")

    def target(self, path: str, query: str, settings: Mapping[str, str]) -> tuple[str, str]:
        """The version that the credential names, where the client says none; OpenAI's way has none."""
        version, query = settings.get(API_VERSION), without_ours(query)
        if not version or path.startswith(_V1) or has_parameter(query, "api-version"):
            return path, query
        added = f"api-version={quote(version, safe='')}"
        return path, f"{query}&{added}" if query else added

    def key_headers(self, secret: str) -> tuple[tuple[str, str], ...]:
        """Tokens of Entra ID, which are three parts with a dot between, go where bearers go."""
        if secret.count(".") == 2:
            return (("authorization", f"Bearer {secret}"),)
        return (("api-key", secret),)

    def model_of(self, path: str, ask: Ask) -> str | None:
        found = _DEPLOYMENT.match(path)
        return found[2] if found else ask.model_name

    def with_model(self, path: str, body: bytes, model: str) -> tuple[str, bytes]:
        if _DEPLOYMENT.match(path):
            path = _DEPLOYMENT.sub(lambda found: found[1] + model, path, count=1)
        return path, body_with_model(body, model)
