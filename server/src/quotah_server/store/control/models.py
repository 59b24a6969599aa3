"""The tables of the control database. Only repositories and services read them.

Ids are 32 hex digits, times aware UTC, secrets hashed (what we check) or sealed (what we send on).
Constraints are named by one convention, so that migrations can address them on every engine.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from quotah_server.store.control.columns import Hash, Id, Json, Name, UtcDateTime, Word

ROLES = ("owner", "admin", "member", "viewer")
KEY_KINDS = ("gateway", "ingest", "admin")
CREDENTIAL_STATUSES = ("never_used", "healthy", "invalid", "rate_limited", "failing")
ATTEMPT_OUTCOMES = ("pending", "failed", "succeeded")
UPDATE_STATES = ("held", "applied", "rejected", "failed")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _reference(target: str, *, ondelete: str = "CASCADE") -> ForeignKey:
    return ForeignKey(target, ondelete=ondelete)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


class InstanceRow(Base):
    """What there is once: the one row has id 1. snapshot_version grows with every change that the
    gateway must learn of."""

    __tablename__ = "instance"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    setup_completed_at: Mapped[datetime | None]
    snapshot_version: Mapped[int] = mapped_column(BigInteger)


class MemberRow(Base):
    """An account. email is kept folded to lower case. is_operator: runs this instance, and may allow
    what reaches beyond a workspace (private addresses)."""

    __tablename__ = "members"

    id: Mapped[Id] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[Name]
    password_hash: Mapped[str] = mapped_column(Text)
    is_operator: Mapped[bool]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SessionRow(Base):
    """A sign-in. The cookie's token is stored as its SHA-256 alone."""

    __tablename__ = "sessions"

    id: Mapped[Id] = mapped_column(primary_key=True)
    token_hash: Mapped[Hash] = mapped_column(unique=True)
    member_id: Mapped[Id] = mapped_column(_reference("members.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ip: Mapped[str | None] = mapped_column(Text)
    user_agent: Mapped[str | None] = mapped_column(Text)


class WorkspaceRow(Base):
    """A tenant. timezone: IANA name in which its days begin."""

    __tablename__ = "workspaces"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    timezone: Mapped[str] = mapped_column(Text)
    is_sample: Mapped[bool]
    created_at: Mapped[datetime]
    onboarding_skipped_at: Mapped[datetime | None]
    first_call_at: Mapped[datetime | None]


class ProjectRow(Base):
    """A part of a workspace that calls are booked to."""

    __tablename__ = "projects"

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(_reference("workspaces.id"), index=True)
    name: Mapped[Name]
    created_at: Mapped[datetime]


class MembershipRow(Base):
    """A member's role in a workspace."""

    __tablename__ = "memberships"
    __table_args__ = (_one_of("role", ROLES),)

    workspace_id: Mapped[Id] = mapped_column(_reference("workspaces.id"), primary_key=True)
    member_id: Mapped[Id] = mapped_column(_reference("members.id"), primary_key=True, index=True)
    role: Mapped[Word]
    created_at: Mapped[datetime]


class ApiKeyRow(Base):
    """One of our keys, by hash. project_id NULL: the whole workspace (admin keys only). settings: what
    a gateway key may do (``features.keys.settings``), without what is as by default."""

    __tablename__ = "api_keys"
    __table_args__ = (
        _one_of("kind", KEY_KINDS),
        CheckConstraint("kind = 'admin' OR project_id IS NOT NULL", name="project_known"),
        Index(None, "workspace_id", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(_reference("workspaces.id"))
    project_id: Mapped[Id | None] = mapped_column(_reference("projects.id"))
    created_by: Mapped[Id | None] = mapped_column(_reference("members.id", ondelete="SET NULL"))
    name: Mapped[Name]
    kind: Mapped[Word]
    hash: Mapped[Hash] = mapped_column(unique=True)
    prefix: Mapped[Word]
    hint: Mapped[Word]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    settings: Mapped[Json] = mapped_column(default=dict, server_default="{}")


class ProviderCredentialRow(Base):
    """A provider's key, sealed and bound to workspace, row and origin of base_url.

    allow_private: the operator lets it reach private addresses. is_mock: the built-in stand-in. mount:
    the first segment of the gateway's paths that it serves; all keys of a mount have one provider.
    weight: its share of the calls against the mount's other keys. settings: what else the provider
    needs (``providers.base.Setting``), by name.
    """

    __tablename__ = "provider_credentials"
    __table_args__ = (
        _one_of("status", CREDENTIAL_STATUSES),
        CheckConstraint("weight >= 0", name="weight_positive"),
        Index(None, "workspace_id", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(_reference("workspaces.id"))
    created_by: Mapped[Id | None] = mapped_column(_reference("members.id", ondelete="SET NULL"))
    provider: Mapped[Word]
    name: Mapped[Name]
    base_url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    hint: Mapped[Word]
    fingerprint: Mapped[Word]
    status: Mapped[Word]
    is_mock: Mapped[bool]
    allow_private: Mapped[bool]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    last_error_at: Mapped[datetime | None]
    mount: Mapped[Word]
    weight: Mapped[int] = mapped_column(default=1)
    enabled: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[Json] = mapped_column(default=dict)


class GatewayRouteRow(Base):
    """A route of a workspace: the enabled one of the lowest position that matches is followed.
    body: ``domain.routing.Route`` without id, name and enabled."""

    __tablename__ = "gateway_routes"
    __table_args__ = (Index(None, "workspace_id", "position"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(_reference("workspaces.id"))
    created_by: Mapped[Id | None] = mapped_column(_reference("members.id", ondelete="SET NULL"))
    position: Mapped[int]
    name: Mapped[Name]
    enabled: Mapped[bool]
    body: Mapped[Json]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SetupTokenRow(Base):
    """A one-time token that lets its bearer create the first owner."""

    __tablename__ = "setup_tokens"

    id: Mapped[Id] = mapped_column(primary_key=True)
    token_hash: Mapped[Hash] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginAttemptRow(Base):
    """A try to sign in. account_hash: SHA-256 of the folded e-mail, whether or not it exists.
    A row stands as pending (and counts as failed) while the password is being checked."""

    __tablename__ = "login_attempts"
    __table_args__ = (
        _one_of("outcome", ATTEMPT_OUTCOMES),
        Index(None, "account_hash", "at"),
        Index(None, "ip", "at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    account_hash: Mapped[Hash]
    ip: Mapped[str] = mapped_column(Text)
    outcome: Mapped[Word]


class AuditRow(Base):
    """Who did what, when, from where, and what it changed. Rows are only ever added: triggers in the
    database refuse anything else. No foreign keys, so that a row outlives what it speaks of."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "workspace_id", "id"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    workspace_id: Mapped[Id | None]
    actor_kind: Mapped[Word]
    actor_id: Mapped[Id | None]
    action: Mapped[Word]
    subject_kind: Mapped[Word]
    subject_id: Mapped[Id | None]
    ip: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    before: Mapped[Json]
    after: Mapped[Json]


class PriceOverrideRow(Base):
    """A price that a workspace set by itself: rates (unit → decimal text, empty where there is a
    factor) or factor (decimal text). provider, model: as in ``catalog.terms.Override``."""

    __tablename__ = "price_overrides"
    __table_args__ = (Index(None, "workspace_id", "id"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(_reference("workspaces.id"))
    project_id: Mapped[Id | None] = mapped_column(_reference("projects.id"))
    created_by: Mapped[Id | None] = mapped_column(_reference("members.id", ondelete="SET NULL"))
    provider: Mapped[Name]
    model: Mapped[str] = mapped_column(Text)
    deployment: Mapped[str | None] = mapped_column(Text)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    rates: Mapped[Json]
    factor: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class PriceTrustRow(Base):
    """Whether a workspace believes the cost that a provider names; without a row the book decides."""

    __tablename__ = "price_trust"

    workspace_id: Mapped[Id] = mapped_column(_reference("workspaces.id"), primary_key=True)
    provider: Mapped[Name] = mapped_column(primary_key=True)
    trusted: Mapped[bool]


class PriceListRow(Base):
    """The list book of the instance: the one row has id 1. book_version NULL: the packaged one."""

    __tablename__ = "price_list"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    updates_enabled: Mapped[bool]
    book_version: Mapped[Hash | None]
    checked_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)


class PriceUpdateRow(Base):
    """A newer list book that was found, and what became of it. changes, disagreements: ``{"items": […]}``;
    reasons likewise, why it is held or has failed. base_version: the book it was compared with."""

    __tablename__ = "price_updates"
    __table_args__ = (_one_of("state", UPDATE_STATES),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    state: Mapped[Word]
    found_at: Mapped[datetime]
    base_version: Mapped[Hash | None]
    book_version: Mapped[Hash | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[Id | None] = mapped_column(_reference("members.id", ondelete="SET NULL"))
    reasons: Mapped[Json]
    changes: Mapped[Json]
    disagreements: Mapped[Json]
    changed: Mapped[int]
    added: Mapped[int]
    removed: Mapped[int]


class RepricingRow(Base):
    """Prices that were applied to the calls of [starts_at, ends_at). finished_at NULL: it runs, or was
    ended in the middle. totals: as the API shows them; empty until it is finished."""

    __tablename__ = "repricings"
    __table_args__ = (Index(None, "workspace_id", "id"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(_reference("workspaces.id"))
    applied_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    provider: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(Text)
    book_version: Mapped[Hash]
    totals: Mapped[Json]
