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


def forget_moved(hub: Hub, connection: psycopg.Connection[Any], batch: Batch) -> None:
    """Make the sibling streams read again what this batch moved. Safe to do twice, and before the commit."""
    siblings = [stream for stream in hub.landscape.system(batch.system).streams if stream != batch.stream]
    bases = [base for stream in siblings if (base := batches.last_merged(connection, batch.system, stream))]
    if not bases:
        return
    moved = msgspec.msgpack.decode(hub.landing.read_bytes(moved_path(batch)), type=dict[str, bytes])
    keys = {kind: np.frombuffer(found, dtype=np.uint64) for kind, found in moved.items() if found}
    for base in bases:
        assert base.index_path is not None
        names = [name for name in read_index(hub.landing, base.index_path).sections if name[0] in keys]
        if names:
            rewrite_digests(hub.landing, base.index_path, {name: keys[name[0]] for name in names})
