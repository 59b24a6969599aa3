"""A workspace's own prices, and updates of the list book."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from quotah_server.store.control.columns import JsonObject, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _own_prices()
    _list_book()


def downgrade() -> None:
    for table in ("price_updates", "price_list", "price_trust", "price_overrides"):
        op.drop_table(table)


def _reference(
    name: str, target: str, *, nullable: bool = False, ondelete: str = "CASCADE", **more: Any
) -> sa.Column[Any]:
    key = sa.ForeignKey(f"{target}.id", ondelete=ondelete)
    return sa.Column(name, sa.String(32), key, nullable=nullable, **more)


def _text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, JsonObject, nullable=False)


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _own_prices() -> None:
    op.create_table(
        "price_overrides",
        sa.Column("id", sa.String(32), primary_key=True),
        _reference("workspace_id", "workspaces"),
        _reference("project_id", "projects", nullable=True),
        _reference("created_by", "members", nullable=True, ondelete="SET NULL"),
        _text("provider", 120),
        _text("model"),
        _text("deployment", nullable=True),
        _time("starts_at", nullable=True),
        _time("ends_at", nullable=True),
        _json("rates"),
        _text("factor", nullable=True),
        _text("note"),
        _time("created_at"),
        sa.Index(None, "workspace_id", "id"),
    )
    op.create_table(
        "price_trust",
        _reference("workspace_id", "workspaces", primary_key=True),
        sa.Column("provider", sa.String(120), primary_key=True),
        sa.Column("trusted", sa.Boolean(), nullable=False),
    )


def _list_book() -> None:
    price_list = op.create_table(
        "price_list",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("updates_enabled", sa.Boolean(), nullable=False),
        _text("book_version", 64, nullable=True),
        _time("checked_at", nullable=True),
        _text("last_error", nullable=True),
        sa.CheckConstraint("id = 1", name="single"),
    )
    op.bulk_insert(price_list, [{"id": 1, "updates_enabled": False}])
    op.create_table(
        "price_updates",
        sa.Column("id", sa.String(32), primary_key=True),
        _text("state", 32),
        _time("found_at"),
        _text("base_version", 64, nullable=True),
        _text("book_version", 64, nullable=True),
        _time("decided_at", nullable=True),
        _reference("decided_by", "members", nullable=True, ondelete="SET NULL"),
        _json("reasons"),
        _json("changes"),
        _json("disagreements"),
        _count("changed"),
        _count("added"),
        _count("removed"),
        sa.CheckConstraint(
            "state IN ('held', 'applied', 'rejected', 'failed')", name="state_known"
        ),
    )
