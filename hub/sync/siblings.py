"""Streams of one system that speak of the same records: what one has moved, the others must read again.

Each stream is compared with its own last batch. A price that `prices_stock` changed at noon and 1C changed back in the
evening stands in the nightly export exactly as the night before: "unchanged", although the canonical price is not. So a
merge gives the records that it moved a null digest in the bases of its sibling streams.
"""

from typing import Any

import msgspec
import numpy as np
import psycopg

from hub.landscape.hub import Hub
from hub.sync import batches
from hub.sync.batches import Batch
from hub.sync.delta import U64, Key, read_index, rewrite_digests


def moved_path(batch: Batch) -> str:
    """Where normalise writes the keys of the records that a batch moves."""
    return f"work/{batch.system}/{batch.stream}/{batch.id}/moved"


def write_moved(hub: Hub, batch: Batch, moved: dict[Key, list[U64]]) -> None:
    """Keep the keys of changed records, by record kind."""
    kinds: dict[str, list[bytes]] = {}
    for (kind, _), keys in moved.items():
        kinds.setdefault(kind, []).extend(part.tobytes() for part in keys)
    with hub.landing.create(moved_path(batch)) as out:
        out.write(msgspec.msgpack.encode({kind: b"".join(parts) for kind, parts in kinds.items()}))


def forget_moved(hub: Hub, connection: psycopg.Connection[Any], batch: Batch, version: int) -> None:
    """Make the sibling streams read again what this batch moved; part of the merge's transaction.

    A sibling's base gets a new index file, named in its batch row: whoever has compared with the old one sees that the
    name has changed. What was compared already and waits for its merge is compared again.
    """
    siblings = [stream for stream in hub.landscape.system(batch.system).streams if stream != batch.stream]
    bases = [base for stream in siblings if (base := batches.last_merged(connection, batch.system, stream))]
    if not bases:
        return
    moved = msgspec.msgpack.decode(hub.landing.read_bytes(moved_path(batch)), type=dict[str, bytes])
    keys = {kind: np.frombuffer(found, dtype=np.uint64) for kind, found in moved.items() if found}
    for base in bases:
        assert base.index_path is not None
        names = [name for name in read_index(hub.landing, base.index_path).sections if name[0] in keys]
        if not names:
            continue
        path = f"{base.index_path.rpartition('/')[0]}/index-{version}"
        rewrite_digests(hub.landing, base.index_path, {name: keys[name[0]] for name in names}, path)
        connection.execute("update batch set index_path = %s where id = %s", (path, base.id))
        connection.execute(
            "update batch set state = 'landed' where system = %s and stream = %s "
            "and state in ('normalised', 'guarded', 'held')",
            (base.system, base.stream),
        )
