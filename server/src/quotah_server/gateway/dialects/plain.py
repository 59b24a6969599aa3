"""What most dialects have in common: versions in the client's path, the model in the body, no tricks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from quotah_server.gateway.dialects.another_model import body_with_model
from quotah_server.gateway.dialects.base import Ask, Prepared, without_ours


class PlainDialect:
    """Defaults; see Dialect."""

    key_names: tuple[str, ...] = ("authorization",)
    key_query: str | None = None
    done_marker: bytes | None = None
    streams_json = False

    def with_settings(self, settings: Mapping[str, str]) -> Self:  # noqa: ARG002 -- most have none
        return self

    def upstream_path(self, path: str) -> str:
        """The vendor's clients put the version behind the base URL themselves."""
        return path

    def target(self, path: str, query: str, settings: Mapping[str, str]) -> tuple[str, str]:  # noqa: ARG002 -- most have none
        return path, without_ours(query)

    def key_headers(self, secret: str) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {secret}"),) if secret else ()

    def model_of(self, path: str, ask: Ask) -> str | None:  # noqa: ARG002 -- some have it there
        return ask.model_name

    def with_model(self, path: str, body: bytes, model: str) -> tuple[str, bytes]:
        return path, body_with_model(body, model)

    def streams(self, path: str, ask: Ask) -> bool:  # noqa: ARG002 -- as above
        return ask.stream is True

    def prepare(self, operation: str, body: bytes, ask: Ask) -> Prepared:  # noqa: ARG002 -- every stream tells its usage
        return Prepared(body)

    def is_injected(self, data: bytes) -> bool:  # noqa: ARG002 -- as above
        return False
