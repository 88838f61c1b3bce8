"""Attempts to create something at a target: written before the letter leaves, closed when its outcome is known.

A create without a key that the target itself knows is an effect: one that was begun and never heard of again is asked
about, by our own key, before it is repeated.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg

from connectors.protocol import Refused
from hub.sync.claims import Row
from hub.sync.targets import Document


def begin(
    connection: psycopg.Connection[Any], document: Document, run_id: int, creates: Sequence[tuple[Row, str]]
) -> None:
    """Write an attempt for each (row, own key) that is about to be created; commit before you push."""
    connection.execute(
        "insert into attempt (document, hub_id, op, key, run_id, lease_token) "
        "select %s, hub_id, 'create', key, %s, token from unnest(%s::bigint[], %s::text[], %s::bigint[]) "
        "as v(hub_id, key, token)",
        (
            document.number,
            run_id,
            [row.hub_id for row, _ in creates],
            [key for _, key in creates],
            [row.lease_token for row, _ in creates],
        ),
    )


def end(
    connection: psycopg.Connection[Any], document: Document, outcomes: Mapping[int, str], details: Mapping[int, str]
) -> None:
    """Close the open attempts of these roots; `unknown` leaves them open, to be asked about."""
    closed = {root: outcome for root, outcome in outcomes.items() if outcome != "unknown"}
    if closed:
        connection.execute(
            "update attempt a set outcome = v.outcome, detail = v.detail, ended_at = now() "
            "from unnest(%s::bigint[], %s::text[], %s::text[]) as v(hub_id, outcome, detail) "
            "where a.document = %s and a.hub_id = v.hub_id and a.outcome is null",
            (list(closed), list(closed.values()), [details.get(root) for root in closed], document.number),
        )


def keep_refused(
    connection: psycopg.Connection[Any], document: Document, run_id: int, refused: Sequence[Refused]
) -> None:
    """Write what a snapshot target left out and why, in place of what it left out before; the caller commits."""
    connection.execute("delete from attempt where document = %s and outcome = 'refused'", (document.number,))
    connection.execute(
        "insert into attempt (document, hub_id, op, key, run_id, lease_token, ended_at, outcome, detail) "
        "select %s, v.hub_id, 'update', v.key, %s, 0, now(), 'refused', v.reason "
        "from unnest(%s::bigint[], %s::text[], %s::text[]) as v(hub_id, key, reason)",
        (
            document.number,
            run_id,
            [one.letter.id for one in refused],
            [one.letter.key for one in refused],
            [f"{one.field}: {one.reason}" if one.field else one.reason for one in refused],
        ),
    )


def refused_before(connection: psycopg.Connection[Any], document: Document) -> dict[int, str]:
    """What a snapshot's target left out, by root, with its reason."""
    query = "select hub_id, detail from attempt where document = %s and outcome = 'refused'"
    return dict(connection.execute(query, (document.number,)).fetchall())


def never_sent(connection: psycopg.Connection[Any], document: Document, rows: Sequence[Row]) -> None:
    """Close the attempts that these claims began and whose letters never left; the caller commits."""
    connection.execute(
        "update attempt a set outcome = 'unsent', ended_at = now() from unnest(%s::bigint[], %s::bigint[]) "
        "as v(hub_id, token) where a.document = %s and a.hub_id = v.hub_id and a.lease_token = v.token "
        "and a.outcome is null",
        ([row.hub_id for row in rows], [row.lease_token for row in rows], document.number),
    )


class Open(NamedTuple):
    """An attempt that was never heard of again.

    Attributes:
        key: our own key, under which it may have been created.
        wait_s: seconds for which the target may still be at it; asking earlier proves nothing.
    """

    key: str
    wait_s: float


def open_keys(
    connection: psycopg.Connection[Any], document: Document, rows: Sequence[Row], settle_s: float
) -> dict[int, Open]:
    """Attempts under which rows that have no target id may have been created already.

    `settle_s`: how long a request may go on at the target after we have lost sight of it.
    """
    ids = [row.hub_id for row in rows if row.target_id is None]
    if not ids:
        return {}
    found = connection.execute(
        "select distinct on (hub_id) hub_id, key, "
        "greatest(0, %s - extract(epoch from clock_timestamp() - started_at)) "
        "from attempt where document = %s and hub_id = any(%s) and outcome is null order by hub_id, id desc",
        (settle_s, document.number, ids),
    ).fetchall()
    return {hub_id: Open(key, float(wait_s)) for hub_id, key, wait_s in found}
