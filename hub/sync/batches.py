"""Batches of a stream: which are waiting, which one comes next, and what they were compared with."""

from typing import Any, NamedTuple

import psycopg


class Batch(NamedTuple):
    """One landed package on its way to the canonical tables."""

    id: int
    system: str
    stream: str
    package: str
    snapshot: bool
    state: str
    run_id: int
    base_batch: int | None
    index_path: str | None
    staged_path: str | None
    counts: dict[str, Any]


_COLUMNS = "id, system, stream, package, snapshot, state, run_id, base_batch, index_path, staged_path, counts"
WAITING = ("landed", "normalised", "guarded", "held")


def waiting(connection: psycopg.Connection[Any], system: str, stream: str) -> list[Batch]:
    """Unmerged batches of a stream, oldest first."""
    rows = connection.execute(
        f"select {_COLUMNS} from batch where system = %s and stream = %s and state = any(%s) order by id",
        (system, stream, list(WAITING)),
    ).fetchall()
    return [Batch(*row) for row in rows]


def last_merged(connection: psycopg.Connection[Any], system: str, stream: str) -> Batch | None:
    """The batch that the canonical tables hold of a stream."""
    row = connection.execute(
        f"select {_COLUMNS} from batch where system = %s and stream = %s and state = 'merged' order by id desc limit 1",
        (system, stream),
    ).fetchone()
    return None if row is None else Batch(*row)


def base_of(batch: Batch, before: Batch | None, merged: Batch | None) -> Batch | None:
    """What a batch is compared with: a full export with what is merged, changes with what comes before them."""
    return merged if batch.snapshot else before or merged


def around_newest_export(waiting: list[Batch]) -> tuple[list[Batch], Batch | None, list[Batch]]:
    """Batches before the newest full export, that export (if there is one), and those after it."""
    newest = max((place for place, batch in enumerate(waiting) if batch.snapshot), default=None)
    if newest is None:
        return waiting, None, []
    return waiting[:newest], waiting[newest], waiting[newest + 1 :]


def supersede_before(connection: psycopg.Connection[Any], batch: Batch) -> int:
    """A full export that has passed the guard stands for the unmerged batches before it. Returns how many."""
    rows = connection.execute(
        "update batch set state = 'superseded', reason = 'a newer full export landed' where system = %s "
        "and stream = %s and state = any(%s) and id < %s returning id",
        (batch.system, batch.stream, list(WAITING), batch.id),
    ).fetchall()
    connection.execute(
        "update held_batch set state = 'superseded', settled_at = now(), settled_by = 'a newer full export' "
        "where batch_id = any(%s) and state = 'held'",
        ([row[0] for row in rows],),
    )
    return len(rows)


def refuse(connection: psycopg.Connection[Any], batch: int, reason: str) -> None:
    """A batch that cannot be read at all: none of its rows goes on."""
    connection.execute("update batch set state = 'refused', reason = %s where id = %s", (reason, batch))
