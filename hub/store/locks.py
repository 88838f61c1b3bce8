"""Locks and fences.

Two tries of one task do run side by side (measured: a try whose supervisor was killed went on for 23 s after its
successor had finished). A session-level advisory lock keeps the second waiting while the first lives; the fence number
makes the first write nothing once the second has started.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from canonical_model.errors import Fenced, RetryLater
from hub.store.database import connect

MERGE_LOCK = 7_145_002
DICTIONARY_LOCK = 7_145_003


@contextmanager
def stream_fence(url: str, system: str, stream: str) -> Iterator[tuple[psycopg.Connection[Any], int]]:
    """Hold a stream's lock and raise its fence; yields a connection and the fence number.

    Raises RetryLater when another process works on the stream.
    """
    with connect(url) as connection:
        name = f"stream:{system}/{stream}"
        taken = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
        if not taken or not taken[0]:
            message = f"another process is working on {system}/{stream}; this try waits for it"
            raise RetryLater(message, after=10)
        connection.execute(
            "insert into stream_state (system, stream) values (%s, %s) on conflict do nothing", (system, stream)
        )
        row = connection.execute(
            "update stream_state set fence = fence + 1 where system = %s and stream = %s returning fence",
            (system, stream),
        ).fetchone()
        connection.commit()
        assert row is not None
        yield connection, row[0]


def check_fence(connection: psycopg.Connection[Any], system: str, stream: str, fence: int) -> None:
    """Lock the stream's row in this transaction; raises Fenced when a newer try has started."""
    row = connection.execute(
        "select fence from stream_state where system = %s and stream = %s for update", (system, stream)
    ).fetchone()
    if row is None or row[0] != fence:
        message = f"a newer try works on {system}/{stream}; this one has written nothing"
        raise Fenced(message)
