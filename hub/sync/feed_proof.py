"""A published feed is read back whole: every offer in it is compared with what it should say, in one pass.

The feed stands in the order of hub ids, as it was written, so both sides are walked together and memory stays flat.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, cast

import psycopg

from connectors import registry
from connectors.protocol import Raw
from connectors.xml import parse
from hub.landscape.hub import Hub
from hub.sync.feed import Feed
from hub.sync.readback import MOST_SHOWN, differing, ledger_counts
from hub.sync.targets import Document
from hub.sync.views import Viewer


def prove(
    hub: Hub, connection: psycopg.Connection[Any], run_id: int, documents: Sequence[Document], *, paused: bool
) -> tuple[Counter[str], list[dict[str, Any]]]:
    """Compare the published feed with what renders now; returns counts and the first differences.

    A feed that is owed already is not read: what it should say has moved on. A difference makes the feed owed again.
    """
    counts: Counter[str] = Counter(paused=int(paused))
    for document in documents:
        counts.update(ledger_counts(connection, document, run_id))
    connection.commit()
    counts["documents"] = 0
    differences: list[dict[str, Any]] = []
    if paused or counts["owed"] or not counts["at_target"]:
        return counts, differences
    feed = Feed(hub, run_id, connection, documents)
    offers = feed.letters()
    next(offers)
    viewer = Viewer(documents[-1])
    published = _published(hub, documents[-1])
    for letter in offers:
        ours = viewer.of_payload(letter.payload)
        code = str(letter.payload["id"])
        raw = next(published, None)
        theirs = viewer.of_record(cast(Any, parse(raw.body))) if raw is not None else None
        counts["read_back"] += 1
        if theirs == ours:
            counts["equal"] += 1
            continue
        counts["different" if theirs else "missing"] += 1
        if len(differences) < MOST_SHOWN:
            fields = {"fields": differing(ours, theirs)} if theirs else {}
            differences.append({"class": "different" if theirs else "missing", "key": code} | fields)
    counts["strangers"] = sum(1 for _ in published)
    counts["documents"], counts["unpublishable"] = feed.counts["offers"], feed.counts["unpublishable"]
    counts["hidden"] = feed.counts["hidden"]
    _settle(connection, run_id, documents, wrong=counts["different"] + counts["missing"] + counts["strangers"])
    return counts, differences


def _published(hub: Hub, offer: Document) -> Iterator[Raw]:
    """Offers of the feed as it stands."""
    cut = registry.cut(offer.system.connector)
    for blob in hub.sink(offer.system).read(offer.kind, None):
        yield from (raw for raw in cut(blob.stream, blob.body, blob.media) if raw.kind == offer.kind)


def _settle(connection: psycopg.Connection[Any], run_id: int, documents: Sequence[Document], wrong: int) -> None:
    numbers = [document.number for document in documents]
    if wrong:
        query = "update delivery set delivered = 0 where document = any(%s)"
        connection.execute(query, (numbers,))
    else:
        query = "update delivery set proven_run = %s, proven_at = now() where document = any(%s)"
        connection.execute(query, (run_id, numbers))
    connection.commit()
