"""How things stand: what is fresh, owed, parked, held and proven. The `hub status` command and the first page show it.

Times are ISO 8601 with zone; durations are seconds; counts are records (sources) or documents (targets).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from connectors import registry
from hub.console.attention import warnings_of
from hub.console.freshness import freshness
from hub.console.held import held
from hub.console.holdings import canonical
from hub.console.runs import last_runs
from hub.landscape.hub import Hub
from hub.landscape.landscape import System

Data = dict[str, Any]

_STREAMS = text("select system, stream, asked_at, landed_at from stream_state")
_PARKED = text("select system, stream, count(*) from quarantine where state = 'open' group by 1, 2")
_HELD = text(
    "select b.system, b.stream, count(*) from held_batch h join batch b on b.id = h.batch_id "
    "where h.state = 'held' group by 1, 2"
)
_LEDGER = text(
    "select n.system, n.kind, count(*) filter (where d.target_id is not null) as delivered, "
    "count(*) filter (where d.owed > d.delivered or d.due_at <= now()) as owed, "
    "count(*) filter (where d.state = 'refused') as refused, "
    "count(*) filter (where d.state in ('unknown', 'asked')) as unknown, "
    "count(*) filter (where d.state = 'waiting') as waiting, "
    "count(*) filter (where d.state = 'unpublishable') as unpublishable, "
    "max(d.delivered_at) as last_delivered "
    "from delivery d join namespace n on n.id = d.document group by 1, 2, n.id order by n.id"
)
_LEFT_OUT = text(
    "select n.system || '/' || n.kind as document, d.reason, count(*) as documents "
    "from delivery d join namespace n on n.id = d.document "
    "where d.target_id is null and d.state in ('idle', 'unpublishable') and d.reason is not null "
    "group by n.id, 1, 2 order by n.id, 3 desc"
)
_PAUSES = text('select target, since, "by", reason from pause')
_PROOFS = text(
    "select distinct on (p.subject) p.subject, p.verdict, p.run_id from proof p join run r on r.id = p.run_id "
    "where r.verdict is not null order by p.subject, p.run_id desc"
)
_NOW = text("select now()")


def status(hub: Hub) -> Data:
    """Return one row a system and stream or document kind, the last runs, and what a person should look at."""
    with hub.engine.connect() as connection:
        now = connection.execute(_NOW).scalar_one()
        facts = _facts(connection)
        rows = [row for system in hub.landscape.systems.values() for row in _rows(system, facts, now)]
        data: Data = {"at": now.isoformat(), "runs": last_runs(connection), "rows": rows}
        data["left_out"] = [dict(row) for row in connection.execute(_LEFT_OUT).mappings()]
        data["entities"] = canonical(connection, hub.landscape)
    return data | {"held": held(hub), "warnings": warnings_of(data)}


def _facts(connection: Connection) -> Data:
    return {
        "streams": {(r.system, r.stream): (r.asked_at, r.landed_at) for r in connection.execute(_STREAMS)},
        "parked": {(row[0], row[1]): row[2] for row in connection.execute(_PARKED)},
        "held": {(row[0], row[1]): row[2] for row in connection.execute(_HELD)},
        "ledger": [dict(row) for row in connection.execute(_LEDGER).mappings()],
        "pauses": {row["target"]: dict(row) for row in connection.execute(_PAUSES).mappings()},
        "proofs": {row.subject: row.verdict for row in connection.execute(_PROOFS)},
    }


def _rows(system: System, facts: Data, now: datetime) -> list[Data]:
    rows = [_source_row(system, stream, facts, now) for stream in system.streams]
    ledger = [row for row in facts["ledger"] if row["system"] == system.name]
    if system.is_target:
        rows += [_target_row(system, row, facts) for row in ledger or [{"kind": ""}]]
    return rows


def _source_row(system: System, stream: str, facts: Data, now: datetime) -> Data:
    key = (system.name, stream)
    asked, landed = facts["streams"].get(key, (None, None))
    return {
        "system": system.name,
        "role": "source",
        "entity": stream,
        **freshness(system, system.streams[stream], asked, landed, now),
        "verdict": facts["proofs"].get(f"source:{system.name}/{stream}", ""),
        "quarantined": facts["parked"].get(key, 0),
        "held": facts["held"].get(key, 0),
    }


def _target_row(system: System, ledger: Data, facts: Data) -> Data:
    kind, pause, last = ledger["kind"], facts["pauses"].get(system.name), ledger.get("last_delivered")
    counts = ("delivered", "owed", "refused", "unknown", "waiting", "unpublishable")
    return {
        "system": system.name,
        "role": "target",
        "entity": kind,
        "last_delivered": last.isoformat() if last else None,
        "verdict": facts["proofs"].get(f"target:{system.name}/{_proven_as(system, kind)}", ""),
        **{name: ledger.get(name, 0) for name in counts},
        "shadow": system.deliver == "shadow",
        "paused": pause and {"since": pause["since"].isoformat(), "by": pause["by"], "reason": pause["reason"]},
    }


def _proven_as(system: System, kind: str) -> str:
    """The document kind that a kind is proven with: what is published as one file is proven as one."""
    spec = registry.spec(system.connector)
    return next(reversed(spec.documents), kind) if spec.delivery == "snapshot" else kind
