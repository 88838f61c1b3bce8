"""All tables of the hub. The canonical ones are made from the entities; the rest say what moved, why, and what is owed.

Ids inside the hub are `bigint`; they never leave it. Times are `timestamptz` and come from the database's clock.
A (system, kind) pair that rows point to is a `namespace`: two bytes in the large tables instead of two texts.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.canonical import canonical_tables

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

CANONICAL = canonical_tables(METADATA)

# Hub ids are taken in blocks of this many, so that a night needs a handful of look-ups.
ID_BLOCK = 1000
hub_id_block = Sequence("hub_id_block", start=1, increment=ID_BLOCK, metadata=METADATA)
dictionary_id = Sequence("dictionary_id", start=1, data_type=Integer, metadata=METADATA)
merge_number = Sequence("merge_number", start=1, data_type=Integer, metadata=METADATA)


def _at(name: str, *, default: bool = False, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=func.now() if default else None)


# --- identity -----------------------------------------------------------------------------------------------------
namespace = Table(
    "namespace",
    METADATA,
    Column("id", SmallInteger, Identity(), primary_key=True),
    Column("system", Text, nullable=False, comment="name in the landscape"),
    Column("kind", Text, nullable=False, comment="canonical entity (sources) or document kind (targets)"),
    Column("rendered_as", Text, comment="fingerprint of mapping and landscape under which its documents were owed"),
    UniqueConstraint("system", "kind"),
)
identifier = Table(
    "identifier",
    METADATA,
    Column("namespace", SmallInteger, primary_key=True, autoincrement=False),
    Column("key_hash", BigInteger, primary_key=True, autoincrement=False, comment="xxh3-64 of key, signed"),
    Column("key", Text, nullable=False, comment="the source's own id, raw"),
    Column("hub_id", BigInteger, nullable=False),
    Column("first_run", Integer, nullable=False),
    Column("gone_run", Integer),
    Index("ix_identifier_hub_id", "hub_id", "namespace"),
)

# --- runs and what they read --------------------------------------------------------------------------------------
run = Table(
    "run",
    METADATA,
    Column("id", Integer, Identity(), primary_key=True),
    Column("flow", Text, nullable=False),
    Column("trigger", Text, nullable=False, comment="who or what started it: Airflow run id, `hub run` and a user"),
    _at("started_at", default=True, nullable=False),
    _at("ended_at"),
    Column("verdict", Text, comment="proven | proven with gaps | not proven | held; empty while it runs"),
    Column("summary", JSONB, nullable=False, server_default="{}"),
    UniqueConstraint("flow", "trigger"),
)
run_progress = Table(
    "run_progress",
    METADATA,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("stage", Text, primary_key=True, comment="land:erp/catalogue, deliver:shop …"),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    _at("updated_at", default=True, nullable=False),
    Column("finished", Boolean, nullable=False, server_default="false"),
)
batch = Table(
    "batch",
    METADATA,
    Column("id", Integer, Identity(), primary_key=True),
    Column("system", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("package", Text, nullable=False),
    Column("snapshot", Boolean, nullable=False),
    Column("state", Text, nullable=False, comment="see its check"),
    Column("reason", Text, comment="why it is held or refused"),
    Column("run_id", Integer, nullable=False, comment="the run that landed it"),
    _at("landed_at", default=True, nullable=False),
    Column("base_batch", Integer, comment="the batch whose index it was compared with"),
    Column("index_path", Text),
    Column("staged_path", Text),
    Column("mapping_version", Text),
    Column("counts", JSONB, nullable=False, server_default="{}", comment="by record kind: read, new, changed, …"),
    Column("version", Integer, comment="number of the merge that took it"),
    Column("merge_run", Integer),
    _at("merged_at"),
    UniqueConstraint("system", "stream", "package"),
    CheckConstraint("state in ('landed','normalised','guarded','held','merged','superseded','refused')", name="state"),
)
Index("ix_batch_stream", batch.c.system, batch.c.stream, batch.c.id)
blob = Table(
    "blob",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("batch_id", Integer, nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("media", Text, nullable=False),
    Column("path", Text, nullable=False, comment="in the landing store"),
    Column("sha256", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False, comment="bytes as received"),
    Column("receipt", Text),
)
stream_state = Table(
    "stream_state",
    METADATA,
    Column("system", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("cursor", Text),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    _at("asked_at"),
    _at("landed_at"),
)

# --- what could not go on ------------------------------------------------------------------------------------------
quarantine = Table(
    "quarantine",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("system", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("batch_id", Integer, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("part", Text, nullable=False, server_default=""),
    Column("key", Text, nullable=False),
    Column("stage", Text, nullable=False, comment="cut | map | guard | jump | quality"),
    Column("field", Text),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the record as received"),
    Column("state", Text, nullable=False, server_default="open", comment="open | replayed | superseded | ignored"),
    _at("parked_at", default=True, nullable=False),
    _at("settled_at"),
    Column("settled_by", Text),
    CheckConstraint("state in ('open','replayed','superseded','ignored')", name="state"),
)
Index("ix_quarantine_open", quarantine.c.system, quarantine.c.kind, quarantine.c.key)
held_batch = Table(
    "held_batch",
    METADATA,
    Column("batch_id", Integer, primary_key=True, autoincrement=False),
    Column("reasons", JSONB, nullable=False, comment="[{bound, found, allowed, text}]"),
    _at("held_at", default=True, nullable=False),
    Column("state", Text, nullable=False, server_default="held", comment="held | released | rejected | superseded"),
    _at("settled_at"),
    Column("settled_by", Text),
)
change = Table(
    "change",
    METADATA,
    Column("day", Date, nullable=False),
    _at("at", default=True, nullable=False),
    Column("entity", Text, nullable=False),
    Column("hub_id", BigInteger, nullable=False, comment="of the entity, or of the SKU that a price belongs to"),
    Column("version", Integer, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("old", JSONB, nullable=False),
    Column("new", JSONB, nullable=False),
    Index("ix_change_hub_id", "hub_id"),
    postgresql_partition_by="RANGE (day)",
)

# --- what is owed to targets ---------------------------------------------------------------------------------------
delivery = Table(
    "delivery",
    METADATA,
    Column(
        "document", SmallInteger, primary_key=True, autoincrement=False, comment="namespace (target, document kind)"
    ),
    Column("hub_id", BigInteger, primary_key=True, autoincrement=False, comment="of the root; 0 for a snapshot target"),
    Column("owed", Integer, nullable=False, comment="number of the merge that last concerned it"),
    Column("delivered", Integer, nullable=False, server_default="0"),
    Column("delivered_digest", LargeBinary, comment="xxh3-128 of the view of what the target accepted"),
    Column("target_id", Text),
    Column("code", Text, comment="our own key at the target"),
    Column("state", Text, nullable=False, server_default="idle"),
    Column("reason", Text, comment="refused, waiting or not publishable because …"),
    Column("refused_digest", LargeBinary),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _at("not_before"),
    _at("due_at"),
    _at("lease_until"),
    Column("lease_token", BigInteger, nullable=False, server_default="0"),
    Column("delivered_run", Integer),
    _at("delivered_at"),
    Column("proven_run", Integer),
    _at("proven_at"),
    Column("ticket", Text),
    CheckConstraint("state in ('idle','asked','unknown','refused','waiting','unpublishable','shadow')", name="state"),
)
Index(
    "ix_delivery_owed", delivery.c.document, delivery.c.hub_id, postgresql_where=delivery.c.owed > delivery.c.delivered
)
code = Table(
    "code",
    METADATA,
    Column("target", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("document", SmallInteger, nullable=False),
    Column("hub_id", BigInteger, nullable=False),
    UniqueConstraint("target", "document", "hub_id"),
)
attempt = Table(
    "attempt",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("document", SmallInteger, nullable=False),
    Column("hub_id", BigInteger, nullable=False),
    Column("op", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("lease_token", BigInteger, nullable=False),
    _at("started_at", default=True, nullable=False),
    _at("ended_at"),
    Column(
        "outcome", Text, comment="done | accepted | refused | unknown | absent | retry; empty = never heard of again"
    ),
    Column("detail", Text),
)
Index("ix_attempt_document", attempt.c.document, attempt.c.hub_id)
proof = Table(
    "proof",
    METADATA,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("subject", Text, primary_key=True, comment="source:erp/catalogue or target:shop/product"),
    Column("verdict", Text, nullable=False),
    Column("counts", JSONB, nullable=False, comment="owed, delivered, read_back, equal, different, missing …"),
    Column("differences", JSONB, nullable=False, server_default="[]", comment="first 100, classed, with keys"),
    _at("at", default=True, nullable=False),
)

# --- people and pace -----------------------------------------------------------------------------------------------
pace = Table(
    "pace",
    METADATA,
    Column("connection", Text, primary_key=True),
    Column("tokens", Double, nullable=False),
    _at("updated_at", default=True, nullable=False),
    _at("blocked_until"),
)
pause = Table(
    "pause",
    METADATA,
    Column("target", Text, primary_key=True),
    _at("since", default=True, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
audit = Table(
    "audit",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    _at("at", default=True, nullable=False),
    Column("by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default="{}"),
)
