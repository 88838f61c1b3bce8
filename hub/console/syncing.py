"""`hub sync`: one SKU to one target, now, without waiting for the next run."""

from typing import Any

from canonical_model.errors import HubError
from hub.console.people import started_by
from hub.landscape.hub import Hub
from hub.sync.lookup import find, roots_of
from hub.sync.runs import end_run, start_run
from hub.sync.sync_one import sync_one
from hub.sync.targets import SNAPSHOT_ID, Document, documents_of
from hub.sync.verdict import NOT_PROVEN

Data = dict[str, Any]
SENT = "sent by hand"


def sync_sku(hub: Hub, sku: str, target: str) -> Data:
    """Send a SKU, whether it is owed or not; returns what became of each of its documents.

    `arrived`: nothing of it is owed, refused or unanswered any more. Raises ConfigError for an unknown SKU or target,
    RetryLater when the target has not taken all of it yet.
    """
    system = hub.landscape.system(target)
    with hub.connect() as connection:
        documents = documents_of(hub, connection, target)
        roots = roots_of(connection, documents, find(connection, sku))
    run_id = start_run(hub, "sync", started_by(f"hub sync {sku} --to {target}"))
    try:
        counts = sync_one(hub, run_id, sku, target)
    except HubError as error:
        end_run(hub, run_id, NOT_PROVEN, {"sku": sku, "target": target, "error": str(error)})
        raise
    asked = [_stands(hub, document, root) for document in documents for root in roots[document.kind]]
    stands = [row for row in asked if row]
    end_run(hub, run_id, SENT, {"sku": sku, "target": target, "counts": counts})
    arrived = bool(stands) and all(row["state"] in ("idle", "unpublishable") and not row["owed"] for row in stands)
    return {
        "sku": sku,
        "target": target,
        "deliver": system.deliver,
        "arrived": arrived,
        "counts": counts,
        "documents": stands,
    }


def _stands(hub: Hub, document: Document, root: int) -> Data | None:
    """How a document stands in the ledger; None for what is none there (a simple product has no variation)."""
    with hub.connect() as connection:
        row = connection.execute(
            "select owed > delivered, state, reason, target_id, delivered_at from delivery "
            "where document = %s and hub_id = %s",
            (document.number, SNAPSHOT_ID if document.snapshot else root),
        ).fetchone()
    if row is None:
        return None
    owed, state, reason, target_id, at = row
    return {
        "document": document.kind,
        "owed": owed,
        "state": state,
        "reason": reason,
        "target_id": target_id,
        "delivered_at": at.isoformat() if at else None,
    }
