"""guard: the whole batch is judged before its first row becomes canonical.

Per record: a row that differs from the row in force by a factor is parked with its record (one that breaks an absolute
bound was parked by `normalise`, which has its bytes at hand).
Per batch: counts and shares (what vanished, changes, is marked as deleted, loses its prices); crossing one holds the
batch, the run ends `held`, and nobody waits in a worker. A named person releases it or rejects it. The first batch of a
stream has absolute bounds only, and says so in its counts.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np
import psycopg

from canonical_model.entities import ENTITIES
from canonical_model.expectations import expectations
from connectors import registry
from hub.landscape.hub import Hub
from hub.store.locks import check_fence, stream_fence
from hub.sync import batches
from hub.sync.batch_bounds import (
    Reason,
    as_json,
    bounds_of,
    judge_changes,
    judge_part,
    judge_sizes,
    sentence,
)
from hub.sync.batches import Batch
from hub.sync.delta import Index, key_hash, read_index, rewrite_digests
from hub.sync.failpoints import reach
from hub.sync.jumps import Jump, Jumps
from hub.sync.losses import Losses
from hub.sync.quarantine import RECORDS_MEDIA, Parked, forget, park
from hub.sync.runs import progress
from hub.sync.staged_reader import read_rows

Connection = psycopg.Connection[Any]
STAGES = ("jump", "quality")


def guard(hub: Hub, run_id: int, system: str, stream: str, *, thorough: bool = False) -> dict[str, Any]:
    """Judge every normalised batch of a stream, oldest first, up to the first one that is held.

    The newest full export is judged before them all: if it passes, it stands for whatever waits before it.

    Args:
        hub: the opened hub.
        run_id: the run that judges.
        system: name in the landscape.
        stream: of that system.
        thorough: also run the Great Expectations suite (nightly; it costs seconds to import).

    Returns counts of batches guarded and held and of records parked. Raises RetryLater and Fenced as the other stages.
    """
    totals: Counter[str] = Counter()
    with stream_fence(hub.url, system, stream) as (connection, fence):

        def judged(batch: Batch) -> str:
            connection.commit()
            if batch.state in ("guarded", "landed"):
                return batch.state
            state, parked = _one(hub, connection, fence, run_id, batch, thorough=thorough)
            totals[state] += 1
            totals["parked"] += parked
            reach("guard:committed")
            return state

        before, export, after = batches.around_newest_export(batches.waiting(connection, system, stream))
        if export is not None and judged(export) == "guarded":
            with connection.transaction():
                check_fence(connection, system, stream, fence)
                totals["superseded"] += batches.supersede_before(connection, export)
            before = after
        for batch in before:
            if judged(batch) in ("held", "landed"):
                break
    progress(hub, run_id, f"guard:{system}/{stream}", totals["guarded"], totals["guarded"], finished=True)
    return dict(totals)


def _one(hub: Hub, connection: Connection, fence: int, run_id: int, batch: Batch, *, thorough: bool) -> tuple[str, int]:
    decided = _decision(connection, batch)
    if batch.state == "held" and decided == "held":
        return "held", 0
    with connection.transaction():
        check_fence(connection, batch.system, batch.stream, fence)
        if decided == "rejected":
            batches.refuse(connection, batch.id, "rejected by a person")
            return "refused", 0
        base = read_index(hub.landing, _base_path(connection, batch))
        found, reasons = _judge(hub, connection, batch, base, released=decided == "released")
        if thorough:
            from hub.sync.quality import judge_quality

            found += judge_quality(hub, batch)
        if reasons and decided != "released":
            _hold(connection, batch, reasons)
            return "held", 0
        parked = _park(hub, connection, run_id, batch, found)
        connection.execute("update batch set state = 'guarded' where id = %s", (batch.id,))
    return "guarded", parked


def _decision(connection: Connection, batch: Batch) -> str | None:
    row = connection.execute("select state from held_batch where batch_id = %s", (batch.id,)).fetchone()
    connection.commit()
    return None if row is None else row[0]


def _base_path(connection: Connection, batch: Batch) -> str | None:
    row = connection.execute("select index_path from batch where id = %s", (batch.base_batch,)).fetchone()
    return None if row is None else row[0]


def _hold(connection: Connection, batch: Batch, reasons: list[Reason]) -> None:
    connection.execute("update batch set state = 'held', reason = %s where id = %s", (sentence(reasons), batch.id))
    connection.execute(
        "insert into held_batch (batch_id, reasons) values (%s, %s) "
        "on conflict (batch_id) do update set reasons = excluded.reasons, held_at = now(), state = 'held'",
        (batch.id, as_json(reasons)),
    )


def _judge(
    hub: Hub, connection: Connection, batch: Batch, base: Index, *, released: bool
) -> tuple[list[Jump], list[Reason]]:
    """Return rows that jump, and reasons to hold the batch.

    Rows that break an absolute bound were parked while they were mapped; a person may wave a jump through, never those.
    """
    jumps: dict[str, Jumps] = {}
    if batch.base_batch is not None and not released:
        valued = [name for name in ENTITIES if expectations(name).value]
        jumps = {name: Jumps(connection, hub.landscape, batch.system, name) for name in valued}
    found: list[Jump] = []
    reasons = _sizes(hub, connection, batch, base) if batch.snapshot else []
    if not jumps:
        return found, reasons
    losses = Losses(connection, hub, batch, jumps)
    for chunk in read_rows(hub, batch, [*jumps, *losses.entities]):
        for name, rows in chunk.items():
            if name in jumps:
                jumps[name].add(rows)
            else:
                losses.add(name, rows)
    for name, jump in jumps.items():
        far, changed, known = jump.found()
        found += far
        reasons += judge_changes(bounds_of(hub.landscape, name), name, changed, known)
    return found, reasons + losses.reasons()


def _sizes(hub: Hub, connection: Connection, batch: Batch, base: Index) -> list[Reason]:
    history = connection.execute(
        "select counts from batch where system = %s and stream = %s and state = 'merged' and snapshot "
        "order by id desc limit 7",
        (batch.system, batch.stream),
    ).fetchall()
    index = read_index(hub.landing, batch.index_path)
    mains = {name: section.main for name, section in (base.sections | index.sections).items()}
    reasons = []
    for (kind, part), main in mains.items():
        if not main:
            continue
        now, then = index.section((kind, part)).keys, base.section((kind, part)).keys
        vanished = len(np.setdiff1d(then, now, assume_unique=True))
        bounds = bounds_of(hub.landscape, main)
        if part:
            reasons += judge_part(bounds, kind, part, len(now), vanished, len(then))
            continue
        sizes = [row[0]["kinds"].get(kind, {}).get("read", 0) for row in history]
        # The history counts a kind with its parts; whether there are whole records at all, the index knows.
        read = batch.counts["kinds"].get(kind, {}).get("read", 0) if len(now) else 0
        reasons += judge_sizes(bounds, kind, {"read": read, "vanished": vanished}, len(then), sizes)
    if not mains:
        reasons.append(Reason("never_empty", "0", "1 or more", "the full export holds no records at all"))
    return reasons


def _park(hub: Hub, connection: Connection, run_id: int, batch: Batch, found: Iterable[Jump]) -> int:
    """Park records: their rows are left out of the merge, their digests become null, their bytes are kept."""
    first: dict[int, Jump] = {}
    for jump in found:
        first.setdefault(jump.record.ordinal, jump)
    forget(connection, batch.id, STAGES)
    with hub.landing.create(parked_path(batch)) as out:
        out.write(msgspec.msgpack.encode(sorted(first)))
    if not first:
        return 0
    wanted = {(jump.record.kind, jump.record.part, jump.key): jump for jump in first.values()}
    bodies = _bodies(hub, connection, batch, wanted)
    records = [Parked(*name, jump.stage, jump.field, jump.reason, bodies[name]) for name, jump in wanted.items()]
    park(connection, batch.id, run_id, batch.system, batch.stream, records)
    assert batch.index_path is not None
    keys: dict[tuple[str, str], list[int]] = {}
    for kind, part, key in wanted:
        keys.setdefault((kind, part), []).append(key_hash(key))
    nulled = {name: np.array(found, dtype=np.uint64) for name, found in keys.items()}
    rewrite_digests(hub.landing, batch.index_path, nulled)
    _recount(connection, batch, Counter(kind for kind, _, _ in wanted))
    return len(first)


def _bodies(
    hub: Hub, connection: Connection, batch: Batch, wanted: dict[tuple[str, str, str], Jump]
) -> dict[tuple[str, str, str], bytes]:
    """Cut the package once more for the bytes of a few records."""
    cut: Callable[..., Any] = registry.cut(hub.landscape.system(batch.system).connector)
    blobs = connection.execute(
        "select media, path from blob where batch_id = %s order by position", (batch.id,)
    ).fetchall()
    bodies: dict[tuple[str, str, str], bytes] = dict.fromkeys(wanted, b"")
    for media, path in blobs:
        if media == RECORDS_MEDIA:
            continue
        with hub.landing.open(path) as body:
            for raw in cut(batch.stream, body, media):
                if (raw.kind, raw.part, raw.id) in wanted:
                    bodies[raw.kind, raw.part, raw.id] = raw.body
    return bodies


def _recount(connection: Connection, batch: Batch, parked: Counter[str]) -> None:
    """Move parked records from new or changed to quarantined, so that what was read stays accounted for."""
    kinds = batch.counts["kinds"]
    for kind, count in parked.items():
        counts = kinds[kind]
        from_changed = min(count, counts.get("changed", 0))
        counts["changed"] = counts.get("changed", 0) - from_changed
        counts["new"] = counts.get("new", 0) - (count - from_changed)
        counts["quarantined"] = counts.get("quarantined", 0) + count
    text = msgspec.json.encode(batch.counts).decode()
    connection.execute("update batch set counts = %s where id = %s", (text, batch.id))


def parked_path(batch: Batch) -> str:
    """Where the guard writes the ordinals that it parked."""
    return f"work/{batch.system}/{batch.stream}/{batch.id}/parked"


def parked_ordinals(hub: Hub, batch: Batch) -> set[int]:
    """The ordinals of a batch's records that the guard parked."""
    return set(msgspec.msgpack.decode(hub.landing.read_bytes(parked_path(batch)), type=list[int]))
