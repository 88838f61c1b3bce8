"""land: bytes as received, sha256, then cursor and batch row in one transaction.

Landing belongs to the (connection, stream), under the stream's lock. The source is told (`acknowledge`) only after our
commit; a package that comes again because we died in between is recognised by its name and only acknowledged.
"""

from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import psycopg

from connectors.protocol import Blob
from hub.landscape.hub import Hub
from hub.landscape.landscape import Stream, System
from hub.store.landing import Landed
from hub.store.locks import check_fence, stream_fence
from hub.sync.failpoints import reach
from hub.sync.runs import progress

Package = list[tuple[Blob, Landed]]


def land(hub: Hub, run_id: int, system: str, stream: str) -> dict[str, Any]:
    """Pull what is new in a stream; returns how many packages, blobs and bytes landed.

    Raises RetryLater when the source is not ready or another process lands this stream, ConfigError for settings.
    """
    of = hub.landscape.system(system)
    counts = {"packages": 0, "known": 0, "blobs": 0, "bytes": 0}
    stage = f"land:{system}/{stream}"
    if in_blackout(of, of.streams[stream]):
        progress(hub, run_id, stage, 0, 0, finished=True)
        return counts | {"blackout": 1}
    progress(hub, run_id, stage, 0, None)
    with stream_fence(hub.url, system, stream) as (connection, fence):
        cursor = _asked(connection, system, stream)
        with closing(hub.source(of, stream)) as source:
            package: Package = []
            for blob in source.pull(stream, cursor):
                folder = f"blobs/{system}/{stream}/{quote(blob.package or blob.name, safe='')}"
                facts = {"stream": stream, "media": blob.media, "package": blob.package, "snapshot": blob.snapshot}
                landed = hub.landing.write(folder, blob.name, blob.body, facts)
                package.append((blob, landed))
                counts["blobs"] += 1
                counts["bytes"] += landed.size
                progress(hub, run_id, stage, counts["bytes"], None)
                if blob.last:
                    reach("land:written")
                    fresh = _register(connection, fence, run_id, of, stream, package)
                    reach("land:committed")
                    counts["packages" if fresh else "known"] += 1
                    source.acknowledge(stream, [b.receipt for b, _ in package if b.receipt is not None])
                    reach("land:acknowledged")
                    package = []
    progress(hub, run_id, stage, counts["bytes"], counts["bytes"], finished=True)
    return counts


def in_blackout(system: System, stream: Stream) -> bool:
    """Silence is expected now, by the system's own clock."""
    now = datetime.now(UTC).astimezone(ZoneInfo(system.zone)).time()
    return any(start <= now < end if start <= end else now >= start or now < end for start, end in stream.blackout)


def _asked(connection: psycopg.Connection[Any], system: str, stream: str) -> str | None:
    row = connection.execute(
        "update stream_state set asked_at = now() where system = %s and stream = %s returning cursor", (system, stream)
    ).fetchone()
    connection.commit()
    return None if row is None else row[0]


def _register(
    connection: psycopg.Connection[Any], fence: int, run_id: int, system: System, stream: str, package: Package
) -> bool:
    """Write batch, blobs and cursor in one transaction; returns False when this package had landed before."""
    last = package[-1][0]
    name = last.package or last.name
    with connection.transaction():
        check_fence(connection, system.name, stream, fence)
        row = connection.execute(
            "insert into batch (system, stream, package, snapshot, state, run_id) "
            "values (%s, %s, %s, %s, 'landed', %s) on conflict do nothing returning id",
            (system.name, stream, name, all(blob.snapshot for blob, _ in package), run_id),
        ).fetchone()
        if row is not None:
            with connection.cursor() as cursor:
                cursor.executemany(
                    "insert into blob (batch_id, position, name, media, path, sha256, size, receipt) "
                    "values (%s, %s, %s, %s, %s, %s, %s, %s)",
                    [
                        (row[0], position, blob.name, blob.media, landed.path, landed.sha256, landed.size, blob.receipt)
                        for position, (blob, landed) in enumerate(package)
                    ],
                )
        connection.execute(
            "update stream_state set cursor = coalesce(%s, cursor), landed_at = now() "
            "where system = %s and stream = %s",
            (last.cursor, system.name, stream),
        )
    return row is not None
