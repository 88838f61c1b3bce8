"""From the canonical tables to a target: claim what is owed, render it now, push it, settle each outcome at once.

A document is rendered when it is claimed, so a newer version supersedes an unsent older one by itself. What renders as
the target already has it is settled without a push. Letters are made while the sink takes them: memory stays flat.
"""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import psycopg

from canonical_model.errors import RetryLater
from hub.landscape.hub import Hub
from hub.sync import feed
from hub.sync.assortment import Assortment
from hub.sync.claims import at_work, count_owed, left_to_time
from hub.sync.collector import collector_rests
from hub.sync.delivery import Delivery
from hub.sync.fingerprints import render_again
from hub.sync.ledger import seed
from hub.sync.targets import Document, documents_of

PATIENCE_S = 60.0
SOON_S = 20.0
MOST_WAVES = 60


def deliver(
    hub: Hub, run_id: int, target: str, *, dry: bool = False, only: Sequence[int] | None = None
) -> dict[str, int]:
    """Deliver everything owed to a target; returns counts of documents by what became of them.

    `dry` and `deliver: shadow` count what would be done, and write nothing outside. `only`: these roots.
    Raises ConfigError and RetryLater from the sink, RetryLater also when something is left, after all else is settled,
    that time alone settles; Fenced when a newer try took over.
    """
    system = hub.landscape.system(target)
    counts: Counter[str] = Counter()
    seed(hub, target)
    with hub.connect() as connection:
        paused = connection.execute("select reason from pause where target = %s", (target,)).fetchone()
        documents = documents_of(hub, connection, target)
        connection.commit()
        if paused and not dry:
            return {"paused": sum(count_owed(connection, document, only) for document in documents)}
        dry = dry or system.deliver == "shadow"
        assortment = Assortment(connection, system)
        if again := render_again(connection, documents, assortment):
            counts["rendered_again"] = again
        if documents and documents[0].snapshot:
            return dict(counts) | feed.deliver(hub, run_id, documents, connection, dry=dry)
        with closing(hub.sink(system)) as sink, at_work(hub, documents), collector_rests():
            for document in documents:
                work = Delivery(hub, run_id, connection, sink, document, documents, assortment, dry=dry, only=only)
                counts.update(_one_kind(work))
        if not dry:
            _insist(connection, documents, only)
    return dict(counts)


def _insist(connection: psycopg.Connection[Any], documents: Sequence[Document], only: Sequence[int] | None) -> None:
    """Raise RetryLater when something is left that time alone settles."""
    found = {document.name: left_to_time(connection, document, only) for document in documents}
    connection.commit()
    left = {name: one for name, one in found.items() if one.number}
    if left:
        said = ", ".join(f"{one.number} of {name} ({one.why})" for name, one in left.items())
        message = f"everything is settled but {said}: they wait for another try"
        raise RetryLater(message, max(one.wait_s for one in left.values()))


def _one_kind(work: Delivery) -> Counter[str]:
    """Waves over one document kind, until one moves nothing: children follow their parents, lost ones are re-made."""
    patience = time.monotonic() + PATIENCE_S
    for _ in range(MOST_WAVES):
        moved = work.wave()
        if work.dry:
            break
        if not moved:
            wait = work.soonest()
            if wait is None or wait > SOON_S or time.monotonic() + wait > patience:
                break
            time.sleep(wait)
    work.finish()
    return work.counts
