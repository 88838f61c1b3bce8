"""What decides how a target's documents render, besides the rows: the mapping, and what the landscape says of it.

The ledger keeps a fingerprint of it for each (target, document kind). When it differs (another price list, another
assortment, a category moved under an excluded one, a corrected mapping), all its documents are owed again; what then
renders as the target has it already is not pushed.
"""

import json
from collections.abc import Sequence
from typing import Any

import psycopg
import xxhash

from hub.store.locks import MERGE_LOCK
from hub.sync.assortment import Assortment
from hub.sync.documents import channel_of, settings
from hub.sync.targets import Document
from mappings import registry


def render_again(connection: psycopg.Connection[Any], documents: Sequence[Document], assortment: Assortment) -> int:
    """Owe all documents of the kinds that would render differently now, and commit; returns how many.

    What was delivered before there was any fingerprint counts as rendered under the present one.
    """
    total = 0
    for document in documents:
        now = fingerprint(connection, document, assortment)
        if _kept(connection, document) == (now,):
            continue
        # Numbers of merges rise in the order of their commits only under this lock.
        connection.execute("select pg_advisory_xact_lock(%s)", (MERGE_LOCK,))
        before = _kept(connection, document, " for update")
        connection.execute("update namespace set rendered_as = %s where id = %s", (now, document.number))
        if before not in ((None,), (now,)):
            total += connection.execute(
                "update delivery set owed = (select nextval('merge_number')) where document = %s", (document.number,)
            ).rowcount
        connection.commit()
    connection.commit()
    return total


def fingerprint(connection: psycopg.Connection[Any], document: Document, assortment: Assortment) -> str:
    """A digest of all that the rendering of a document kind depends on, besides the rows; raises ConfigError."""
    channel = channel_of(document.system)
    said = {
        "mapping": registry.version(document.system.connector),
        "zone": document.system.zone,
        "options": channel.options,
        "excluded": assortment.excluded,
        "where": {link.part: settings(connection, link, channel) for link in document.links},
    }
    return xxhash.xxh3_128_hexdigest(json.dumps(said, sort_keys=True, default=str).encode())


def _kept(connection: psycopg.Connection[Any], document: Document, lock: str = "") -> Any:
    query = "select rendered_as from namespace where id = %s"
    return connection.execute(query + lock, (document.number,)).fetchone()
