"""What moves the catalogue.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _attempt()
    _audit()
    _batch()
    _blob()
    _change()
    _code()
    _delivery()
    _held_batch()
    _pace()
    _pause()
    _proof()
    _quarantine()
    _run()
    _run_progress()
    _stream_state()


def downgrade() -> None:
    message = "nothing was kept before it: drop the database instead"
    raise NotImplementedError(message)


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("document", sa.SmallInteger(), nullable=False),
        sa.Column("hub_id", sa.BigInteger(), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Text(),
            nullable=True,
            comment="done | accepted | refused | unknown | absent | retry; empty = never heard of again",
        ),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_document", "attempt", ["document", "hub_id"], unique=False)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )


def _batch() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="see its check",
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it is held or refused"),
        sa.Column("run_id", sa.Integer(), nullable=False, comment="the run that landed it"),
        sa.Column("landed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("base_batch", sa.Integer(), nullable=True, comment="the batch whose index it was compared with"),
        sa.Column("index_path", sa.Text(), nullable=True),
        sa.Column("staged_path", sa.Text(), nullable=True),
        sa.Column("mapping_version", sa.Text(), nullable=True),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="by record kind: read, new, changed, …",
        ),
        sa.Column("version", sa.Integer(), nullable=True, comment="number of the merge that took it"),
        sa.Column("merge_run", sa.Integer(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('landed','normalised','guarded','held','merged','superseded','refused')",
            name=op.f("ck_batch_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("system", "stream", "package", name=op.f("uq_batch_system")),
    )
    op.create_index("ix_batch_stream", "batch", ["system", "stream", "id"], unique=False)


def _blob() -> None:
    op.create_table(
        "blob",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="in the landing store"),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes as received"),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob")),
    )
    op.create_index(op.f("ix_blob_batch_id"), "blob", ["batch_id"], unique=False)


def _change() -> None:
    op.create_table(
        "change",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column(
            "hub_id", sa.BigInteger(), nullable=False, comment="of the entity, or of the SKU that a price belongs to"
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("old", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("new", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index("ix_change_hub_id", "change", ["hub_id"], unique=False)


def _code() -> None:
    op.create_table(
        "code",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("document", sa.SmallInteger(), nullable=False),
        sa.Column("hub_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("target", "code", name=op.f("pk_code")),
        sa.UniqueConstraint("target", "document", "hub_id", name=op.f("uq_code_target")),
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column(
            "document",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="namespace (target, document kind)",
        ),
        sa.Column(
            "hub_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="of the root; 0 for a snapshot target",
        ),
        sa.Column("owed", sa.Integer(), nullable=False, comment="number of the merge that last concerned it"),
        sa.Column("delivered", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "delivered_digest",
            sa.LargeBinary(),
            nullable=True,
            comment="xxh3-128 of the view of what the target accepted",
        ),
        sa.Column("target_id", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True, comment="our own key at the target"),
        sa.Column("state", sa.Text(), server_default="idle", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="refused, waiting or not publishable because …"),
        sa.Column("refused_digest", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("delivered_run", sa.Integer(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proven_run", sa.Integer(), nullable=True),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ticket", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('idle','asked','unknown','refused','waiting','unpublishable','shadow')",
            name=op.f("ck_delivery_state"),
        ),
        sa.PrimaryKeyConstraint("document", "hub_id", name=op.f("pk_delivery")),
    )
    op.create_index(
        "ix_delivery_owed",
        "delivery",
        ["document", "hub_id"],
        unique=False,
        postgresql_where=sa.text("owed > delivered"),
    )


def _held_batch() -> None:
    op.create_table(
        "held_batch",
        sa.Column("batch_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "reasons",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[{bound, found, allowed, text}]",
        ),
        sa.Column("held_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "state", sa.Text(), server_default="held", nullable=False, comment="held | released | rejected | superseded"
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_held_batch")),
    )


def _pace() -> None:
    op.create_table(
        "pace",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("connection", name=op.f("pk_pace")),
    )


def _pause() -> None:
    op.create_table(
        "pause",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_pause")),
    )


def _proof() -> None:
    op.create_table(
        "proof",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="source:erp/catalogue or target:shop/product"),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="owed, delivered, read_back, equal, different, missing …",
        ),
        sa.Column(
            "differences",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="first 100, classed, with keys",
        ),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "subject", name=op.f("pk_proof")),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), server_default="", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False, comment="cut | map | guard | jump | quality"),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the record as received"),
        sa.Column(
            "state", sa.Text(), server_default="open", nullable=False, comment="open | replayed | superseded | ignored"
        ),
        sa.Column("parked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('open','replayed','superseded','ignored')", name=op.f("ck_quarantine_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_index("ix_quarantine_open", "quarantine", ["system", "kind", "key"], unique=False)


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column(
            "trigger", sa.Text(), nullable=False, comment="who or what started it: Airflow run id, `hub run` and a user"
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "verdict",
            sa.Text(),
            nullable=True,
            comment="proven | proven with gaps | not proven | held; empty while it runs",
        ),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("flow", "trigger", name=op.f("uq_run_flow")),
    )


def _run_progress() -> None:
    op.create_table(
        "run_progress",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False, comment="land:erp/catalogue, deliver:shop …"),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stage", name=op.f("pk_run_progress")),
    )


def _stream_state() -> None:
    op.create_table(
        "stream_state",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("landed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("system", "stream", name=op.f("pk_stream_state")),
    )
    # ### end Alembic commands ###
