"""The first tables: accounts, tenants, keys, credentials, audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from quotah_server.store.control.columns import JsonObject, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NEWEST_LAST = (
    "audit_log",
    "instance",
    "login_attempts",
    "setup_tokens",
    "members",
    "workspaces",
    "sessions",
    "projects",
    "memberships",
    "provider_credentials",
    "api_keys",
)


def upgrade() -> None:
    _instance()
    _accounts()
    _tenants()
    _secrets()
    _audit()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_log_append_only ON audit_log")
        op.execute("DROP FUNCTION refuse_audit_change()")
    for table in reversed(_NEWEST_LAST):
        op.drop_table(table)


def _id(name: str = "id", *, nullable: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.String(32), nullable=nullable, **more)


def _reference(
    name: str, target: str, *, nullable: bool = False, ondelete: str = "CASCADE", **more: Any
) -> sa.Column[Any]:
    key = sa.ForeignKey(f"{target}.id", ondelete=ondelete)
    return sa.Column(name, sa.String(32), key, nullable=nullable, **more)


def _text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _one_of(column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _instance() -> None:
    instance = op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        _time("created_at"),
        _time("setup_completed_at", nullable=True),
        sa.Column("snapshot_version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="single"),
    )
    now = datetime.now(UTC)
    op.bulk_insert(instance, [{"id": 1, "created_at": now, "snapshot_version": 1}])


def _accounts() -> None:
    op.create_table(
        "members",
        _id(primary_key=True),
        sa.Column("email", sa.Text(), nullable=False, unique=True),
        _text("name", 120),
        _text("password_hash"),
        _flag("is_operator"),
        _time("disabled_at", nullable=True),
        _time("created_at"),
    )
    op.create_table(
        "sessions",
        _id(primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        _reference("member_id", "members", index=True),
        _time("created_at"),
        _time("last_seen_at"),
        _time("expires_at"),
        _text("ip", nullable=True),
        _text("user_agent", nullable=True),
        sa.Index(None, "expires_at"),
    )
    op.create_table(
        "setup_tokens",
        _id(primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        _time("created_at"),
        _time("expires_at"),
        _time("used_at", nullable=True),
    )
    op.create_table(
        "login_attempts",
        _id(primary_key=True),
        _time("at"),
        _text("account_hash", 64),
        _text("ip"),
        _text("outcome", 32),
        _one_of("outcome", "pending", "failed", "succeeded"),
        sa.Index(None, "at"),
        sa.Index(None, "account_hash", "at"),
        sa.Index(None, "ip", "at"),
    )


def _tenants() -> None:
    op.create_table(
        "workspaces",
        _id(primary_key=True),
        _text("name", 120),
        _text("timezone"),
        _flag("is_sample"),
        _time("created_at"),
        _time("onboarding_skipped_at", nullable=True),
        _time("first_call_at", nullable=True),
    )
    op.create_table(
        "projects",
        _id(primary_key=True),
        _reference("workspace_id", "workspaces", index=True),
        _text("name", 120),
        _time("created_at"),
    )
    op.create_table(
        "memberships",
        _reference("workspace_id", "workspaces", primary_key=True),
        _reference("member_id", "members", primary_key=True, index=True),
        _text("role", 32),
        _time("created_at"),
        _one_of("role", "owner", "admin", "member", "viewer"),
    )


def _secrets() -> None:
    op.create_table(
        "api_keys",
        _id(primary_key=True),
        _reference("workspace_id", "workspaces"),
        _reference("project_id", "projects", nullable=True),
        _reference("created_by", "members", nullable=True, ondelete="SET NULL"),
        _text("name", 120),
        _text("kind", 32),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        _text("prefix", 32),
        _text("hint", 32),
        _time("created_at"),
        _time("expires_at", nullable=True),
        _time("last_used_at", nullable=True),
        _time("revoked_at", nullable=True),
        _one_of("kind", "gateway", "ingest", "admin"),
        sa.CheckConstraint("kind = 'admin' OR project_id IS NOT NULL", name="project_known"),
        sa.Index(None, "workspace_id", "id"),
    )
    op.create_table(
        "provider_credentials",
        _id(primary_key=True),
        _reference("workspace_id", "workspaces"),
        _reference("created_by", "members", nullable=True, ondelete="SET NULL"),
        _text("provider", 32),
        _text("name", 120),
        _text("base_url"),
        _text("secret"),
        _text("hint", 32),
        _text("fingerprint", 32),
        _text("status", 32),
        _flag("is_mock"),
        _flag("allow_private"),
        _time("created_at"),
        _time("last_used_at", nullable=True),
        _text("last_error", nullable=True),
        _one_of("status", "never_used", "healthy", "invalid", "rate_limited"),
        sa.Index(None, "workspace_id", "id"),
    )


def _audit() -> None:
    op.create_table(
        "audit_log",
        _id(primary_key=True),
        _time("at"),
        _id("workspace_id", nullable=True),
        _text("actor_kind", 32),
        _id("actor_id", nullable=True),
        _text("action", 32),
        _text("subject_kind", 32),
        _id("subject_id", nullable=True),
        _text("ip", nullable=True),
        _text("request_id", nullable=True),
        sa.Column("before", JsonObject, nullable=False),
        sa.Column("after", JsonObject, nullable=False),
        sa.Index(None, "workspace_id", "id"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _audit_triggers_postgresql()
    else:
        _audit_triggers_sqlite()


def _audit_triggers_sqlite() -> None:
    op.execute(
        "CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log "
        "BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log "
        "BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END"
    )


def _audit_triggers_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit_log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
