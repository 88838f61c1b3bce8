"""Claim rows of the ledger, and settle them: leases on the database's clock, a fencing token a row.

Every claim raises the row's token by one, and every write names the token it was claimed with: a try that was overtaken
finds another one there, writes nothing and gets Fenced.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from canonical_model.errors import Fenced
from hub.landscape.hub import Hub
from hub.store.database import connect
from hub.sync.targets import Document

LEASE_S = 2400.0
"""A letter leaves with half of its lease ahead of it: longer than the longest `Retry-After` that is waited for (15
minutes) and the request after it. A killed worker's leases are lifted at once, so a long one costs nothing."""
LEASE = f"{LEASE_S:.0f} seconds"
LOCK = 7_145_003
OWED = "(owed > delivered or due_at <= now())"


class Row(NamedTuple):
    """A claimed row: what the ledger knows of one document."""

    hub_id: int
    owed: int
    delivered_digest: bytes | None
    target_id: str | None
    code: str | None
    state: str
    refused_digest: bytes | None
    attempts: int
    lease_token: int
    ticket: str | None


class Settled(NamedTuple):
    """What becomes of a claimed row.

    Attributes:
        row: as it was claimed.
        state: see the table.
        delivered: nothing is owed any more (of what was owed at the claim).
        digest: digest of what the target holds now; None leaves it, b"" empties it.
        target_id: None leaves it, "" empties it.
        reason: why, for people.
        refused: digest of what was refused, or is asked about.
        wait_s: seconds until it may be claimed again.
        due: when its rendering next changes by time alone.
        ticket: for asking again.
        code: our own key; None leaves it.
        pushed: something was sent and taken: it counts as delivered in this run.
    """

    row: Row
    state: str = "idle"
    delivered: bool = True
    digest: bytes | None = None
    target_id: str | None = None
    reason: str | None = None
    refused: bytes | None = None
    wait_s: float | None = None
    due: datetime | None = None
    ticket: str | None = None
    code: str | None = None
    pushed: bool = False


_COLUMNS = ", ".join(f"d.{name}" for name in Row._fields)
_CLAIM = f"""
with due as materialized (
  select hub_id from delivery
  where document = %(document)s and hub_id > %(after)s and {OWED}
    and (not_before is null or not_before <= now()) and (lease_until is null or lease_until <= now())
    and (%(only)s::bigint[] is null or hub_id = any(%(only)s))
  order by hub_id limit %(limit)s for update skip locked
), taken as (
  update delivery d set lease_until = now() + interval '{LEASE}', lease_token = d.lease_token + 1
  from due where d.document = %(document)s and d.hub_id = due.hub_id returning {_COLUMNS}
) select * from taken order by hub_id
"""
_LOOK = f"""
select {_COLUMNS} from delivery d where document = %(document)s and hub_id > %(after)s and {OWED}
  and (%(only)s::bigint[] is null or hub_id = any(%(only)s)) order by hub_id limit %(limit)s
"""
_SETTLE = """
update delivery d set
  state = v.state,
  delivered = case when v.delivered then v.owed else least(d.delivered, v.owed - 1) end,
  delivered_digest = case when v.digest = '' then null else coalesce(v.digest, d.delivered_digest) end,
  target_id = case when v.target_id = '' then null else coalesce(v.target_id, d.target_id) end,
  reason = v.reason, refused_digest = v.refused, due_at = v.due, ticket = v.ticket, code = coalesce(v.code, d.code),
  not_before = now() + make_interval(secs => v.wait_s), lease_until = null,
  attempts = case when v.delivered then 0 else d.attempts + 1 end,
  delivered_run = case when v.pushed then %(run)s else d.delivered_run end,
  delivered_at = case when v.pushed then now() else d.delivered_at end
from unnest(%(ids)s::bigint[], %(tokens)s::bigint[], %(owed)s::int[], %(state)s::text[], %(delivered)s::bool[],
  %(digest)s::bytea[], %(target_id)s::text[], %(reason)s::text[], %(refused)s::bytea[], %(wait_s)s::float8[],
  %(due)s::timestamptz[], %(ticket)s::text[], %(code)s::text[], %(pushed)s::bool[])
  as v(hub_id, token, owed, state, delivered, digest, target_id, reason, refused, wait_s, due, ticket, code, pushed)
where d.document = %(document)s and d.hub_id = v.hub_id and d.lease_token = v.token
"""


@contextmanager
def at_work(hub: Hub, documents: Sequence[Document]) -> Iterator[None]:
    """Be known to work on these documents for the time of the block.

    Whoever finds nobody else at work lifts the leases that a killed worker left: PostgreSQL frees its locks at once, so
    nobody need wait for them to lapse.
    """
    connection = connect(hub.url, autocommit=True)
    try:
        for document in documents:
            key = (LOCK, document.number)
            alone = connection.execute("select pg_try_advisory_lock(%s, %s)", key).fetchone()
            if alone == (True,):
                connection.execute(
                    "update delivery set lease_until = null where document = %s and lease_until is not null",
                    (document.number,),
                )
            connection.execute("select pg_advisory_lock_shared(%s, %s)", key)
            if alone == (True,):
                connection.execute("select pg_advisory_unlock(%s, %s)", key)
        yield
    finally:
        connection.close()


def claim(
    connection: psycopg.Connection[Any],
    document: Document,
    after: int,
    limit: int,
    only: Sequence[int] | None,
    *,
    dry: bool = False,
) -> list[Row]:
    """Lease up to `limit` owed rows behind the hub id `after`, and commit; `dry` looks without leasing."""
    values = {"document": document.number, "after": after, "limit": limit, "only": list(only) if only else None}
    rows = [Row._make(row) for row in connection.execute(_LOOK if dry else _CLAIM, values)]
    connection.commit()
    return rows


def count_owed(connection: psycopg.Connection[Any], document: Document, only: Sequence[int] | None) -> int:
    """How many documents are owed."""
    row = connection.execute(
        f"select count(*) from delivery where document = %s and {OWED} and (%s::bigint[] is null or hub_id = any(%s))",
        (document.number, list(only) if only else None, list(only) if only else None),
    ).fetchone()
    assert row is not None
    return int(row[0])


class Left(NamedTuple):
    """Documents that time alone settles: sent and not answered, or told to come again.

    Attributes:
        number: how many.
        wait_s: seconds until all of them may be tried again.
        why: one of their reasons.
    """

    number: int
    wait_s: float
    why: str


def left_to_time(connection: psycopg.Connection[Any], document: Document, only: Sequence[int] | None) -> Left:
    """Count what is left that only another try, later, can settle; what another process works on is its own."""
    row = connection.execute(
        "select count(*), coalesce(extract(epoch from max(not_before) - now()), 0), "
        "coalesce(min(reason), 'no answer yet') from delivery "
        f"where document = %s and {OWED} "
        "and (state in ('unknown', 'asked') or state = 'idle' and not_before is not null) "
        "and (lease_until is null or lease_until <= now()) and (%s::bigint[] is null or hub_id = any(%s))",
        (document.number, list(only) if only else None, list(only) if only else None),
    ).fetchone()
    assert row is not None
    return Left(int(row[0]), max(1.0, float(row[1])), str(row[2]))


def settle(connection: psycopg.Connection[Any], document: Document, run_id: int, settled: Sequence[Settled]) -> None:
    """Write what became of claimed rows, without committing; raises Fenced when one was claimed by a newer try."""
    if not settled:
        return
    columns: dict[str, Any] = {
        name: [getattr(one, name) for one in settled] for name in Settled._fields if name != "row"
    }
    columns |= {
        "ids": [one.row.hub_id for one in settled],
        "tokens": [one.row.lease_token for one in settled],
        "owed": [one.row.owed for one in settled],
        "document": document.number,
        "run": run_id,
    }
    done = connection.execute(_SETTLE, columns)
    if done.rowcount != len(settled):
        connection.rollback()
        message = f"{document.name}: {len(settled) - done.rowcount} of {len(settled)} documents were taken over"
        raise Fenced(message)


def renew(connection: psycopg.Connection[Any], document: Document, rows: Sequence[Row]) -> set[int]:
    """Give these claims their whole lease again, and commit; returns the roots that are still theirs."""
    kept = connection.execute(
        f"update delivery d set lease_until = now() + interval '{LEASE}' "
        "from unnest(%s::bigint[], %s::bigint[]) v(hub_id, token) "
        "where d.document = %s and d.hub_id = v.hub_id and d.lease_token = v.token and d.lease_until is not null "
        "returning d.hub_id",
        ([row.hub_id for row in rows], [row.lease_token for row in rows], document.number),
    ).fetchall()
    connection.commit()
    return {row[0] for row in kept}


def release(connection: psycopg.Connection[Any], document: Document, rows: Sequence[Row]) -> None:
    """Give back claimed rows that nothing was done with, and commit."""
    connection.execute(
        "update delivery d set lease_until = null from unnest(%s::bigint[], %s::bigint[]) v(hub_id, token) "
        "where d.document = %s and d.hub_id = v.hub_id and d.lease_token = v.token",
        ([row.hub_id for row in rows], [row.lease_token for row in rows], document.number),
    )
    connection.commit()
