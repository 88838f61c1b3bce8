"""merge: a guarded batch becomes canonical, in one transaction.

Sets that a record states whole lose what it no longer names, vanished and deleted records are marked gone, documents
concerned are owed, the change log is written, and the batch becomes the stream's new base: all under the merge lock,
with the stream's fence checked. A power cut leaves the batch merged or not merged.
"""

from collections import Counter
from typing import Any

import psycopg

from canonical_model.errors import RetryLater
from hub.landscape.hub import Hub
from hub.store.locks import MERGE_LOCK, check_fence, stream_fence
from hub.sync import batches
from hub.sync.apply import apply, ensure_partition, touched_tables
from hub.sync.batches import Batch
from hub.sync.collector import collector_rests
from hub.sync.delta import NULL_DIGEST, key_hash, read_index
from hub.sync.failpoints import reach
from hub.sync.fill import Filler
from hub.sync.guard import parked_ordinals
from hub.sync.ledger import mark_owed
from hub.sync.retention import sweep
from hub.sync.runs import progress
from hub.sync.siblings import forget_moved
from hub.sync.vanished import follow_rows, mark_gone


def merge(hub: Hub, run_id: int) -> dict[str, Any]:
    """Merge every guarded batch of every stream, oldest first; returns counts of rows.

    Raises RetryLater when another process works on a stream, Fenced when a newer try took over.
    """
    totals: Counter[str] = Counter()
    busy: list[RetryLater] = []
    for system, stream in hub.landscape.sources():
        with hub.connect() as look:
            if _next(look, system.name, stream) is None:
                continue
        try:
            with stream_fence(hub.url, system.name, stream) as (connection, fence):
                while (batch := _next(connection, system.name, stream)) is not None:
                    reach("merge:begin")
                    totals.update(_one(hub, connection, fence, run_id, batch))
                    reach("merge:committed")
        except RetryLater as error:
            busy.append(error)  # the other streams' batches do not wait for this one
    if busy:
        raise busy[0]
    sweep(hub)
    progress(hub, run_id, "merge", totals["rows"], totals["rows"], finished=True)
    return dict(totals)


def _next(connection: psycopg.Connection[Any], system: str, stream: str) -> Batch | None:
    """The oldest waiting batch, if it may be merged now; later ones queue behind a held one."""
    waiting = batches.waiting(connection, system, stream)
    connection.commit()
    return waiting[0] if waiting and waiting[0].state == "guarded" else None


def _one(hub: Hub, connection: psycopg.Connection[Any], fence: int, run_id: int, batch: Batch) -> Counter[str]:
    try:
        return _transaction(hub, connection, fence, run_id, batch, straight=True)
    except psycopg.errors.UniqueViolation:
        # One set stated by two records, or tables filled without their identifiers (a partly restored backup):
        # nothing is new then, and everything goes through the staging tables.
        return _transaction(hub, connection, fence, run_id, batch, straight=False)


def _transaction(
    hub: Hub, connection: psycopg.Connection[Any], fence: int, run_id: int, batch: Batch, *, straight: bool
) -> Counter[str]:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (MERGE_LOCK,))
        check_fence(connection, batch.system, batch.stream, fence)
        base = batches.last_merged(connection, batch.system, batch.stream)
        if batch.base_batch != (base.id if base else None):
            connection.execute("update batch set state = 'landed' where id = %s", (batch.id,))
            return Counter(normalise_again=1)
        row = connection.execute("select nextval('merge_number')").fetchone()
        assert row is not None
        version: int = row[0]
        ensure_partition(connection)
        filler = Filler(connection, batch, version, run_id, straight=straight)
        with collector_rests():
            filler.load(hub, run_id, parked_ordinals(hub, batch))
        reach("merge:filled")
        gone = mark_gone(hub, connection, batch, version, run_id)
        counts = apply(connection, filler, version, run_id)
        follow_rows(connection, run_id)
        owed = mark_owed(hub, connection, version, touched_tables(connection))
        _settle(hub, connection, run_id, batch, version)
        forget_moved(hub, connection, batch, version)
        reach("merge:applied")
    counts.update(rows=filler.rows, gone=gone.total(), owed=sum(owed.values()), batches=1)
    return counts


def _settle(hub: Hub, connection: psycopg.Connection[Any], run_id: int, batch: Batch, version: int) -> None:
    """The batch is the stream's base now; records that were parked before and came through are settled."""
    connection.execute(
        "update batch set state = 'merged', version = %s, merge_run = %s, merged_at = now() where id = %s",
        (version, run_id, batch.id),
    )
    parked = connection.execute(
        "select id, kind, part, key from quarantine where system = %s and stream = %s and state = 'open' "
        "and batch_id < %s",
        (batch.system, batch.stream, batch.id),
    ).fetchall()
    if not parked:
        return
    index = read_index(hub.landing, batch.index_path)
    found = {row[0]: index.digest((row[1], row[2]), key_hash(row[3])) for row in parked}
    # Come through, or no longer in the source at all.
    through = [number for number, digest in found.items() if digest != NULL_DIGEST and (digest or batch.snapshot)]
    connection.execute(
        "update quarantine set state = 'superseded', settled_at = now(), settled_by = %s where id = any(%s)",
        (f"batch {batch.id}", through),
    )
