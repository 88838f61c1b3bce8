"""The source side of a proof: all that was read is accounted for, the canonical rows are its rows, it is alive."""

from typing import Any

import psycopg

from canonical_model.entities import ENTITIES
from hub.landscape.landscape import System
from hub.store.canonical import table_name
from hub.store.tables import CANONICAL
from hub.sync.land import in_blackout

_KEPT = ("new", "changed", "unchanged", "repeated", "superseded", "quarantined")


def source_counts(connection: psycopg.Connection[Any], system: System, stream: str) -> dict[str, Any]:
    """Count what became of one stream's records.

    `unaccounted`: records of the last merged batch that were read and stand nowhere. `mismatched`: rows whose presence
    differs between the source's identifiers and the canonical tables. `refused_batches`: those refused since the
    last merged one, whoever landed them. `dead`: nothing landed within `fresh_within`.
    """
    kinds = _last_merged(connection, system.name, stream)
    unaccounted = {
        kind: counts.get("read", 0) - sum(counts.get(name, 0) for name in _KEPT) for kind, counts in kinds.items()
    }
    present, stubs, mismatched = _presence(connection, system.name)
    read = sum(counts.get("read", 0) for counts in kinds.values())
    found = _batches(connection, system.name, stream)
    return found | {
        "kinds": kinds,
        "unaccounted": sum(abs(number) for number in unaccounted.values()),
        "present": present,
        "stubs": stubs,
        "mismatched": mismatched,
        "records": max(read, present),
        "dead": int(_dead(connection, system, stream)),
    }


def _last_merged(connection: psycopg.Connection[Any], system: str, stream: str) -> dict[str, dict[str, int]]:
    row = connection.execute(
        "select counts->'kinds' from batch where system = %s and stream = %s and state = 'merged' "
        "order by id desc limit 1",
        (system, stream),
    ).fetchone()
    return dict(row[0] or {}) if row else {}


def _batches(connection: psycopg.Connection[Any], system: str, stream: str) -> dict[str, int]:
    row = connection.execute(
        "select count(*) filter (where state = 'held'), "
        "count(*) filter (where state in ('landed', 'normalised', 'guarded')), "
        "count(*) filter (where state = 'refused' and id > (select coalesce(max(m.id), 0) from batch m "
        "where m.system = %s and m.stream = %s and m.state = 'merged')), "
        "(select count(*) from quarantine q where q.system = %s and q.stream = %s and q.state = 'open') "
        "from batch where system = %s and stream = %s and state <> 'merged'",
        (system, stream) * 3,
    ).fetchone()
    assert row is not None
    return dict(zip(("held", "unmerged", "refused_batches", "parked"), row, strict=True))


def _presence(connection: psycopg.Connection[Any], system: str) -> tuple[int, int, int]:
    """Rows present at the source, those only mentioned by others, and those whose canonical row says otherwise."""
    totals = [0, 0, 0]
    for kind, number in connection.execute("select kind, id from namespace where system = %s", (system,)).fetchall():
        if kind not in ENTITIES or "gone" not in CANONICAL[kind].columns:
            continue
        row = connection.execute(
            "select count(*) filter (where i.gone_run is null and e.hub_id is not null), "
            "count(*) filter (where e.hub_id is null), "
            "count(*) filter (where i.gone_run is null and e.gone or i.gone_run is not null and not e.gone) "
            f"from identifier i left join {table_name(kind)} e using (hub_id) where i.namespace = %s",
            (number,),
        ).fetchone()
        assert row is not None
        totals = [total + found for total, found in zip(totals, row, strict=True)]
    return totals[0], totals[1], totals[2]


def _dead(connection: psycopg.Connection[Any], system: System, stream: str) -> bool:
    """Nothing landed before the deadline is not "nothing to do"."""
    within = system.streams[stream].fresh_within
    if within is None or in_blackout(system, system.streams[stream]):
        return False
    row = connection.execute(
        "select landed_at > now() - %s from stream_state where system = %s and stream = %s",
        (within, system.name, stream),
    ).fetchone()
    return row is None or not row[0]
