"""Retention: what the landing store may forget, and what it never may.

Working files (index, staged rows) go as soon as their batch cannot be a base any more; blobs go after `keep_days`, or
earlier, oldest first, when the store has grown beyond its cap. The base of a delta and everything not yet merged stay.
"""

import os
from typing import Any

import psycopg

from hub.landscape.hub import Hub

LOCK = 7_145_004
KEEP_DAYS = 30
CAP_BYTES = 50 << 30


def sweep(hub: Hub) -> dict[str, int]:
    """Remove what may go; returns counts of batches whose working files went, and of blobs.

    `HUB_LANDING_KEEP_DAYS` and `HUB_LANDING_CAP_GB` set the bounds.
    """
    days = int(os.environ.get("HUB_LANDING_KEEP_DAYS", KEEP_DAYS))
    cap = int(os.environ.get("HUB_LANDING_CAP_GB", CAP_BYTES >> 30)) << 30
    with hub.connect() as connection:
        # Held until the connection ends: two sweeps would remove the same files.
        if connection.execute("select pg_try_advisory_lock(%s)", (LOCK,)).fetchone() != (True,):
            return {"work": 0, "blobs": 0}
        return {"work": _working_files(hub, connection), "blobs": _blobs(hub, connection, days, cap)}


def _working_files(hub: Hub, connection: psycopg.Connection[Any]) -> int:
    rows = connection.execute(
        "select id, system, stream from batch b where staged_path is not null and state in "
        "('merged', 'superseded', 'refused') and not (state = 'merged' and id = (select max(id) from batch m "
        "where m.system = b.system and m.stream = b.stream and m.state = 'merged')) "
        "and not exists (select 1 from batch w where w.base_batch = b.id "
        "and w.state in ('landed', 'normalised', 'guarded', 'held')) order by id limit 100"
    ).fetchall()
    for batch, system, stream in rows:
        hub.landing.remove(f"work/{system}/{stream}/{batch}")
        connection.execute("update batch set staged_path = null, index_path = null where id = %s", (batch,))
        connection.commit()
    return len(rows)


def _blobs(hub: Hub, connection: psycopg.Connection[Any], days: int, cap: int) -> int:
    """Remove blobs that are too old, or too many; the last merged batch of each stream keeps its own."""
    rows = connection.execute(
        "with old as (select bl.id, bl.path, sum(bl.size) over (order by bl.id desc) as newer, b.landed_at, "
        "b.state in ('landed', 'normalised', 'guarded', 'held') or b.id = (select max(m.id) from batch m where "
        "m.system = b.system and m.stream = b.stream and m.state = 'merged') as needed "
        "from blob bl join batch b on b.id = bl.batch_id where bl.path <> '') "
        "select id, path from old where not needed and (landed_at < now() - make_interval(days => %s) or newer > %s) "
        "order by id limit 1000",
        (days, cap),
    ).fetchall()
    for blob, path in rows:
        hub.landing.remove(path)
        hub.landing.remove(f"{path}.json")
        connection.execute("update blob set path = '' where id = %s", (blob,))
        connection.commit()
    return len(rows)
