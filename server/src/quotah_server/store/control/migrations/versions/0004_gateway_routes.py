"""Several keys of a provider under names of their own, what a gateway key may do, and routes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from quotah_server.store.control.columns import JsonObject, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OLD = (
    "id, workspace_id, created_by, provider, name, base_url, secret, hint, fingerprint, status, is_mock, "
    "allow_private, created_at, last_used_at, last_error"
)


def upgrade() -> None:
    # A constraint changes, which SQLite cannot do in place: the table is made anew on both engines.
    op.execute("CREATE TABLE kept_credentials AS SELECT * FROM provider_credentials")
    op.drop_table("provider_credentials")
    _credentials(
        "never_used", "healthy", "invalid", "rate_limited", "failing",
        more=(
            _text("mount", 32),
            sa.Column("weight", sa.Integer(), nullable=False),
            sa.Column("enabled", sa.Boolean(), nullable=False),
            sa.Column("settings", JsonObject, nullable=False),
            _time("last_error_at", nullable=True),
            sa.CheckConstraint("weight >= 0", name="weight_positive"),
        ),
    )  # fmt: skip
    op.execute(
        f"INSERT INTO provider_credentials ({_OLD}, mount, weight, enabled, settings) "  # noqa: S608 -- names of columns
        f"SELECT {_OLD}, provider, 1, {_true()}, '{{}}' FROM kept_credentials"
    )
    op.execute("DROP TABLE kept_credentials")
    op.add_column(
        "api_keys", sa.Column("settings", JsonObject, nullable=False, server_default=sa.text("'{}'"))
    )
    _routes()


def downgrade() -> None:
    op.drop_table("gateway_routes")
    op.drop_column("api_keys", "settings")
    op.execute("CREATE TABLE kept_credentials AS SELECT * FROM provider_credentials")
    op.drop_table("provider_credentials")
    _credentials("never_used", "healthy", "invalid", "rate_limited")
    op.execute("UPDATE kept_credentials SET status = 'never_used' WHERE status = 'failing'")
    op.execute(
        f"INSERT INTO provider_credentials ({_OLD}) SELECT {_OLD} FROM kept_credentials"  # noqa: S608 -- names of columns
    )
    op.execute("DROP TABLE kept_credentials")


def _true() -> str:
    return "TRUE" if op.get_bind().dialect.name == "postgresql" else "1"


def _reference(
    name: str, target: str, *, nullable: bool = False, ondelete: str = "CASCADE"
) -> sa.Column[Any]:
    key = sa.ForeignKey(f"{target}.id", ondelete=ondelete)
    return sa.Column(name, sa.String(32), key, nullable=nullable)


def _text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _credentials(*statuses: str, more: tuple[sa.schema.SchemaItem, ...] = ()) -> None:
    listed = ", ".join(f"'{status}'" for status in statuses)
    op.create_table(
        "provider_credentials",
        sa.Column("id", sa.String(32), primary_key=True),
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
        *more,
        sa.CheckConstraint(f"status IN ({listed})", name="status_known"),
        sa.Index(None, "workspace_id", "id"),
    )


def _routes() -> None:
    op.create_table(
        "gateway_routes",
        sa.Column("id", sa.String(32), primary_key=True),
        _reference("workspace_id", "workspaces"),
        _reference("created_by", "members", nullable=True, ondelete="SET NULL"),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("name", 120),
        _flag("enabled"),
        sa.Column("body", JsonObject, nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.Index(None, "workspace_id", "position"),
    )
