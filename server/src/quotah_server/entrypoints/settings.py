"""Every setting of Quotah, typed and documented; read here and nowhere else.

Set by environment variables ``QUOTAH_<NAME>`` or a ``.env`` file in the working folder.
"""

from __future__ import annotations

import itertools
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from quotah_server.domain.errors import StartupError
from quotah_server.net.addresses import EgressRules, parse_rules


class Settings(BaseSettings):
    """The settings; each field's description is its reference documentation."""

    model_config = SettingsConfigDict(
        env_prefix="QUOTAH_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    def __init__(self, **values: Any) -> None:
        """Read them; raises StartupError naming the setting that is wrong."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise StartupError(_sentence(error)) from error
        except (OSError, UnicodeDecodeError) as error:
            raise StartupError("The file .env in this folder cannot be read.") from error

    data_dir: Path = Field(
        default=Path("quotah-data"),
        description="Folder that holds everything Quotah keeps; made (mode 0700) where it is missing.",
    )
    host: str = Field(
        default="127.0.0.1", description="Address that the API and the gateway listen on."
    )
    api_port: int = Field(
        default=8400, ge=1, le=65535, description="Port of the dashboard and API."
    )
    gateway_port: int = Field(default=8401, ge=1, le=65535, description="Port of the gateway.")
    mock_port: int = Field(
        default=8402,
        ge=1,
        le=65535,
        description="Port of the built-in mock provider, once it is chosen.",
    )
    public_url: str | None = Field(
        default=None,
        description="URL under which people reach the dashboard; default: host and port.",
    )
    gateway_url: str | None = Field(
        default=None,
        description="URL under which applications reach the gateway; default: host and port.",
    )
    database_url: str | None = Field(
        default=None,
        description="PostgreSQL for control data (postgresql://…); default: SQLite in the data folder.",
    )
    events_url: str | None = Field(
        default=None,
        description="ClickHouse for events; default: a DuckDB file in the data folder.",
    )
    redis_url: str | None = Field(
        default=None,
        description="Redis or Valkey for counters shared by several gateways; default: memory.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Key ring for stored provider keys (id:base64 of 32 bytes); default: the file "
        "secret.key in the data folder.",
    )
    egress_allow: str = Field(
        default="",
        description="CIDRs and host names, comma separated, that outgoing calls may reach although private.",
    )
    gateway_http2: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="HTTP/2 to providers: auto, with those that speak nothing else; on, with all that "
        "offer it; off, never.",
    )
    gateway_connections: int | None = Field(
        default=None,
        ge=16,
        description="Clients that may be connected to the gateway at once; default: what the system's "
        "limit of open files leaves.",
    )
    gateway_cache_mb: int = Field(
        default=64,
        ge=0,
        le=1_048_576,
        description="Megabytes of memory for answers that routes with a cache keep; 0: none are kept.",
    )
    prices_url: str = Field(
        default="https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json",
        description="Where newer list prices are looked for once price updates are on: the data.json that "
        "genai-prices publishes, or a mirror of it.",
    )
    trusted_proxies: str = Field(
        default="", description="CIDRs whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    log_level: str = Field(
        default="auto",
        description="debug, info, warning, error, or auto: warning on a terminal, info elsewhere.",
    )
    log_format: str = Field(default="auto", description="json, text, or auto: text on a terminal.")
    session_days: int = Field(
        default=14, ge=1, le=365, description="Days after which a sign-in ends."
    )

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        ports = {"api": self.api_port, "gateway": self.gateway_port, "mock": self.mock_port}
        for (one, port), (other, same) in itertools.combinations(ports.items(), 2):
            if port == same:
                raise ValueError(
                    f"QUOTAH_{one.upper()}_PORT and QUOTAH_{other.upper()}_PORT are both {port}: "
                    "give each a port of its own."
                )
        return self

    @cached_property
    def egress_rules(self) -> EgressRules:
        """What outgoing calls may reach beside public addresses; the mock's own origin is exempt.

        Raises StartupError naming an entry that cannot be read.
        """
        try:
            return parse_rules(self.egress_allow, f"127.0.0.1:{self.mock_port}")
        except ValueError as error:
            raise StartupError(f"QUOTAH_EGRESS_ALLOW: {error}.") from error

    @cached_property
    def dashboard_url(self) -> str:
        """Where people open the dashboard."""
        return (self.public_url or f"http://{_named(self.host)}:{self.api_port}").rstrip("/")

    @cached_property
    def gateway_base_url(self) -> str:
        """Where applications reach the gateway (without the provider segment)."""
        return (self.gateway_url or f"http://{_named(self.host)}:{self.gateway_port}").rstrip("/")


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong, without the value: it may be a secret."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message
    return f"QUOTAH_{str(first['loc'][0]).upper()}: {message[0].lower()}{message[1:]}."


_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 -- compared, not bound


def _named(host: str) -> str:
    if host in _EVERYWHERE:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
