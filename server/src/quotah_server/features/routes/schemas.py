"""Routes as the API shows and takes them: ``domain.routing.Route``, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from quotah_server.domain.gateway_state import Breaker
from quotah_server.domain.routing import CachePolicy, Disconnect, Retry, Strategy
from quotah_server.features.keys.schemas import Label, ModelPattern
from quotah_server.features.providers.schemas import MountName, Weight
from quotah_server.http.fields import Body, Name

TARGETS_MAX, LISTED_MAX, TRIES_MAX = 16, 100, 5
WAIT_MAX_MS = 30 * 60 * 1000
TTL_MAX_S = 7 * 24 * 3600
CACHED_MAX_BYTES = 8 * 1024 * 1024

_RETRY = Retry()
Id = Annotated[str, Field(min_length=1, max_length=64)]
Model = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s*]+$")]
Operation = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_.-]+$")]
Milliseconds = Annotated[int, Field(ge=1, le=WAIT_MAX_MS, strict=True)]
Pause = Annotated[int, Field(ge=0, le=WAIT_MAX_MS, strict=True)]


class MatchIn(Body):
    """The requests a route is for: each list that is not empty holds what is asked. models: names in
    which ``*`` stands for any text."""

    mounts: Annotated[list[MountName], Field(max_length=LISTED_MAX)] = Field(default_factory=list)
    models: Annotated[list[ModelPattern], Field(max_length=LISTED_MAX)] = Field(
        default_factory=list
    )
    operations: Annotated[list[Operation], Field(max_length=LISTED_MAX)] = Field(
        default_factory=list
    )
    projects: Annotated[list[Id], Field(max_length=LISTED_MAX)] = Field(default_factory=list)
    keys: Annotated[list[Id], Field(max_length=LISTED_MAX)] = Field(default_factory=list)
    features: Annotated[list[Label], Field(max_length=LISTED_MAX)] = Field(default_factory=list)
    environments: Annotated[list[Label], Field(max_length=LISTED_MAX)] = Field(default_factory=list)


class TargetIn(Body):
    """Where a call may go; mount, model: null stays with what was asked."""

    mount: MountName | None = None
    model: Model | None = None
    weight: Weight = 1


class RetryIn(Body):
    """How often a target is tried, and after what, before the first byte went to the client. tries: 1
    is no retry. lost: also where the connection was lost after the request was sent, so that the
    provider may bill both."""

    tries: Annotated[int, Field(ge=1, le=TRIES_MAX, strict=True)] = _RETRY.tries
    statuses: Annotated[
        list[Annotated[int, Field(ge=400, le=599, strict=True)]], Field(max_length=200)
    ] = Field(default_factory=lambda: [*_RETRY.statuses])
    connection: bool = _RETRY.connection
    lost: bool = _RETRY.lost
    backoff_ms: Pause = _RETRY.backoff_ms
    max_backoff_ms: Pause = _RETRY.max_backoff_ms
    max_wait_ms: Pause = _RETRY.max_wait_ms


class TimeoutsIn(Body):
    """Longest waits of one attempt; null: the gateway's own."""

    connect_ms: Milliseconds | None = None
    first_byte_ms: Milliseconds | None = None
    idle_ms: Milliseconds | None = None


class CacheIn(Body):
    """Answers to exactly the same request are kept. max_bytes: of one answer."""

    ttl_s: Annotated[int, Field(ge=1, le=TTL_MAX_S, strict=True)]
    max_bytes: Annotated[int, Field(ge=1, le=CACHED_MAX_BYTES, strict=True)] = CachePolicy(
        1
    ).max_bytes


class RouteIn(Body):
    """One rule. targets: none is the one asked for. refuse_when_open: a call whose every key is cut off
    is refused at once, where it would be tried all the same."""

    name: Name
    enabled: bool = True
    match: MatchIn = MatchIn()
    strategy: Strategy = "ordered"
    targets: Annotated[list[TargetIn], Field(max_length=TARGETS_MAX)] = Field(default_factory=list)
    retry: RetryIn = RetryIn()
    timeouts: TimeoutsIn = TimeoutsIn()
    disconnect: Disconnect = "drain"
    cache: CacheIn | None = None
    refuse_when_open: bool = False


class MatchOut(BaseModel):
    mounts: list[str]
    models: list[str]
    operations: list[str]
    projects: list[str]
    keys: list[str]
    features: list[str]
    environments: list[str]


class TargetOut(BaseModel):
    mount: str | None
    model: str | None
    weight: int


class RetryOut(BaseModel):
    tries: int
    statuses: list[int]
    connection: bool
    lost: bool
    backoff_ms: int
    max_backoff_ms: int
    max_wait_ms: int


class TimeoutsOut(BaseModel):
    connect_ms: int | None
    first_byte_ms: int | None
    idle_ms: int | None


class CacheOut(BaseModel):
    ttl_s: int
    max_bytes: int


class RouteOut(BaseModel):
    """A route. position: 0 is looked at first; of those that match the first enabled one is followed."""

    id: str
    name: str
    enabled: bool
    position: int
    match: MatchOut
    strategy: Strategy
    targets: list[TargetOut]
    retry: RetryOut
    timeouts: TimeoutsOut
    disconnect: Disconnect
    cache: CacheOut | None
    refuse_when_open: bool
    created_at: datetime
    updated_at: datetime


class RouteList(BaseModel):
    items: list[RouteOut]


class OrderIn(Body):
    """ids: every route of the workspace once, the first to look at first."""

    ids: Annotated[list[Id], Field(max_length=1000)]


class AskedIn(Body):
    """A request that is thought, not sent. operation: absent, the mount's usual one. key_id: the gateway
    key it would come with, absent: any. project_id: absent, the key's, or the first one. feature,
    environment: absent, the key's. input_tokens, output_tokens: what its cost is told for."""

    mount: MountName
    model: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    operation: Operation | None = None
    project_id: Id | None = None
    key_id: Id | None = None
    feature: Label | None = None
    environment: Label | None = None
    streaming: bool = False
    input_tokens: Annotated[int, Field(ge=0, le=10_000_000, strict=True)] = 1000
    output_tokens: Annotated[int, Field(ge=0, le=10_000_000, strict=True)] = 500


class DraftIn(RouteIn):
    """A route that is not saved. id: the one it would replace; absent: it would be added as the last."""

    id: Id | None = None


class DryRunIn(Body):
    request: AskedIn
    route: DraftIn | None = None


class RouteRef(BaseModel):
    """id: null where the route is a draft that would be added."""

    id: str | None
    name: str


class DryCredential(BaseModel):
    id: str
    name: str
    hint: str
    weight: int
    breaker: Breaker


class DryTarget(BaseModel):
    """One place that the call may go to. share: its chance to be asked first, 0 to 1. open: every key of
    it is cut off now. latency_ms: until the first byte, of late. cost_usd: decimal text, of a call of
    the size asked about. problem: why it would not be answered there; null where nothing is wrong."""

    mount: str
    provider: str | None
    model: str | None
    share: float
    open: bool
    latency_ms: float | None
    cost_usd: str | None
    credentials: list[DryCredential]
    problem: str | None


class DryRunOut(BaseModel):
    """What the gateway would do. route: null where none matches. targets: in the order in which they are
    tried. problem: why the gateway would refuse the request itself."""

    verdict: Literal["forwarded", "refused"]
    route: RouteRef | None
    targets: list[DryTarget]
    retry: RetryOut
    timeouts: TimeoutsOut
    disconnect: Disconnect
    cache: CacheOut | None
    refuse_when_open: bool
    problem: str | None
    sentence: str
