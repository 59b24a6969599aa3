"""Provider keys as the API shows and takes them: written, never read back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from quotah_server.domain.gateway_state import Breaker, Health
from quotah_server.features.providers.forms import SETTING_MAX, provider_key_of
from quotah_server.features.providers.mounts import PATTERN, mount_of
from quotah_server.http.fields import Body, Name
from quotah_server.providers.registry import ACCOUNTS

WEIGHT_MAX = 1000


def _known(provider: str) -> str:
    if provider not in ACCOUNTS:
        raise ValueError(f"is none of {', '.join(sorted(ACCOUNTS))}")
    return provider


ProviderName = Annotated[
    str,
    Field(max_length=32, json_schema_extra={"enum": [*sorted(ACCOUNTS)]}),
    AfterValidator(_known),
]
MountName = Annotated[
    str, Field(max_length=32, json_schema_extra={"pattern": PATTERN}), AfterValidator(mount_of)
]
ApiKey = Annotated[str, Field(max_length=8192), AfterValidator(provider_key_of)]
BaseUrl = Annotated[str, Field(max_length=2048)]
Weight = Annotated[int, Field(ge=0, le=WEIGHT_MAX, strict=True)]
Settings = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[str, Field(max_length=SETTING_MAX)],
    ],
    Field(max_length=16),
]


class SettingOut(BaseModel):
    """What a provider needs besides key and address. default: "" where there is none to assume."""

    name: str
    label: str
    default: str
    required: bool


class KindOut(BaseModel):
    """A provider that keys can be stored for. base_url: its own address, "" where every customer has one.
    dialect: how its API is spoken. keyless: it may be called without a key."""

    provider: ProviderName
    label: str
    base_url: str
    dialect: str
    keyless: bool
    settings: list[SettingOut]


class KindList(BaseModel):
    items: list[KindOut]


class CredentialOut(BaseModel):
    """A provider key without its secret. hint: its last four characters. fingerprint: tells two keys
    apart. last_error: what was wrong at the last try, for people. mount: the first segment of the
    gateway's paths that it serves. weight: its share against the mount's other keys, 0 is a spare.
    breaker: whether a gateway keeps calls from it right now; open_until: how long at least."""

    id: str
    provider: str
    name: str
    base_url: str
    hint: str
    fingerprint: str
    status: Health
    is_mock: bool
    created_at: datetime
    last_used_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    mount: str
    weight: int
    enabled: bool
    allow_private: bool
    settings: dict[str, str]
    breaker: Breaker
    open_until: datetime | None


class CredentialPage(BaseModel):
    items: list[CredentialOut]
    next_cursor: str | None


class CredentialList(BaseModel):
    items: list[CredentialOut]


class CredentialIn(Body):
    """base_url: with the version segment that the vendor's SDK would use; absent: the vendor's own.
    allow_private: the address may be in a network of one's own; the operator of the instance alone
    may say so. mount: the name in the gateway's paths, absent: the provider's. api_key may be absent
    where the provider needs none."""

    provider: ProviderName
    api_key: ApiKey | None = None
    base_url: BaseUrl | None = None
    name: Name | None = None
    allow_private: bool = False
    mount: MountName | None = None
    weight: Weight = 1
    settings: Settings = Field(default_factory=dict)


class CredentialPatch(Body):
    """What is absent stays. settings: all of them, those left out are as by default. base_url and
    allow_private: only together with a new api_key, for which the address is asked and checked."""

    name: Name | None = None
    weight: Weight | None = None
    enabled: bool | None = None
    settings: Settings | None = None
    api_key: ApiKey | None = None
    base_url: BaseUrl | None = None
    allow_private: bool | None = None
