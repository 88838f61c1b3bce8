"""Quarantine: records that could not go on, with their bytes, a reason that is true, and a way back.

A parked record costs only itself. Its key stays in the delta index with a null digest, so that every following batch
that holds it tries again; `replay` sends the stored bytes through the whole path at once.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg

from canonical_model.errors import ConfigError
from connectors.protocol import Raw
from hub.landscape.hub import Hub

RECORDS_MEDIA = "application/x-hub-records"


class Parked(msgspec.Struct):
    """One record that could not go on."""

    kind: str
    part: str
    key: str
    stage: str
    field: str | None
    reason: str
    body: bytes


def park(
    connection: psycopg.Connection[Any], batch: int, run_id: int, system: str, stream: str, records: Iterable[Parked]
) -> None:
    """Write parked records of a batch; an earlier open one of the same record is superseded."""
    rows = [(system, stream, batch, run_id, r.kind, r.part, r.key, r.stage, r.field, r.reason, r.body) for r in records]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "update quarantine set state = 'superseded', settled_at = now(), settled_by = %s where system = %s "
            "and kind = %s and part = %s and key = %s and state = 'open'",
            [(f"batch {batch}", r[0], r[4], r[5], r[6]) for r in rows],
        )
        cursor.executemany(
            "insert into quarantine (system, stream, batch_id, run_id, kind, part, key, stage, field, reason, body) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )


def forget(connection: psycopg.Connection[Any], batch: int, stages: Sequence[str]) -> None:
    """Undo the parking of a batch that is worked on again from an earlier stage."""
    connection.execute("delete from quarantine where batch_id = %s and stage = any(%s)", (batch, list(stages)))


def replay(hub: Hub, run_id: int, ids: Sequence[int], by: str) -> list[int]:
    """Send parked records through the whole path again, as a changes-only batch each stream.

    A person's replay is also their approval of what the guard parked: the new batch's per-record bounds are released in
    their name. Returns the new batches; the caller runs normalise, guard and merge. Raises ConfigError for unknown ids.
    """
    made = []
    with hub.connect() as connection:
        rows = connection.execute(
            "select system, stream, id, kind, part, key, body from quarantine where id = any(%s) and state = 'open' "
            "order by system, stream, id",
            (list(ids),),
        ).fetchall()
        if not rows:
            message = f"no open quarantined record among {', '.join(map(str, ids))}"
            raise ConfigError(message)
        for system, stream in dict.fromkeys((row[0], row[1]) for row in rows):
            mine = [row for row in rows if row[:2] == (system, stream)]
            made.append(_land_again(hub, connection, run_id, system, stream, mine, by))
        connection.execute(
            "update quarantine set state = 'replayed', settled_at = now(), settled_by = %s where id = any(%s)",
            (by, [row[2] for row in rows]),
        )
        connection.execute(
            "insert into audit (by, action, detail) "
            "values (%s, 'quarantine.replay', jsonb_build_object('ids', %s::bigint[]))",
            (by, [row[2] for row in rows]),
        )
        connection.commit()
    return made


def _land_again(
    hub: Hub,
    connection: psycopg.Connection[Any],
    run_id: int,
    system: str,
    stream: str,
    rows: Sequence[Sequence[Any]],
    by: str,
) -> int:
    records = [Raw(kind=row[3], id=row[5], body=row[6], part=row[4]) for row in rows]
    name = f"replay-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    path = f"blobs/{system}/{stream}/{name}/records"
    with hub.landing.create(path) as out:
        out.write(msgspec.msgpack.encode(records))
    row = connection.execute(
        "insert into batch (system, stream, package, snapshot, state, run_id) values (%s, %s, %s, false, 'landed', %s) "
        "returning id",
        (system, stream, name, run_id),
    ).fetchone()
    assert row is not None
    connection.execute(
        "insert into blob (batch_id, position, name, media, path, sha256, size) values (%s, 0, %s, %s, %s, '', 0)",
        (row[0], name, RECORDS_MEDIA, path),
    )
    connection.execute(
        "insert into held_batch (batch_id, reasons, state, settled_at, settled_by) "
        "values (%s, '[]', 'released', now(), %s)",
        (row[0], by),
    )
    return int(row[0])
