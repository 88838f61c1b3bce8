"""One SKU or product to one target, now: `hub sync SKU --to TARGET`."""

from hub.landscape.hub import Hub
from hub.sync.deliver import deliver
from hub.sync.ledger import seed
from hub.sync.lookup import find, roots_of, with_parents
from hub.sync.targets import SNAPSHOT_ID, documents_of


def sync_one(hub: Hub, run_id: int, number: str, target: str) -> dict[str, int]:
    """Owe a SKU or product (by code, source id or article) to a target and deliver it at once; returns counts.

    It is pushed even if the target should hold it already. Raises ConfigError when nothing is called so.
    """
    hub.landscape.system(target)
    seed(hub, target)
    with hub.connect() as connection:
        documents = documents_of(hub, connection, target)
        roots = roots_of(connection, documents, find(connection, number))
        for document in documents:
            connection.execute(
                "update delivery set delivered = 0, delivered_digest = null, refused_digest = null, not_before = null "
                "where document = %s and hub_id = any(%s)",
                (document.number, [SNAPSHOT_ID] if document.snapshot else roots[document.kind]),
            )
        only = None if documents and documents[0].snapshot else with_parents(connection, documents, roots)
    return deliver(hub, run_id, target, only=only)
