"""Prices that were applied to stored calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from quotah_server.store.control.columns import JsonObject, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repricings",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column(
            "workspace_id",
            sa.String(32),
            sa.ForeignKey("workspaces.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("book_version", sa.String(64), nullable=False),
        sa.Column("totals", JsonObject, nullable=False),
        sa.Index(None, "workspace_id", "id"),
    )


def downgrade() -> None:
    op.drop_table("repricings")
