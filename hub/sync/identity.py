"""Identity: from (system, entity, source id) to hub ids, set-based and linear.

Select first, insert only the missing. Index plans are forced inside the transaction: the planner believes a table that
this transaction filled to be empty, and a hash join a chunk makes the night quadratic (0.5 s at 20k became 7.5 s at
100k). All ids are given under the merge lock, so nobody else inserts meanwhile. Two ids with one hash do not share a
row: the insert fails loudly on the primary key.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
import xxhash

from canonical_model.entities import ENTITIES
from hub.store.tables import ID_BLOCK
from hub.sync.staged import escape

_FIND = """
select array(select (select i.hub_id from identifier i
                     where i.namespace = %s and i.key_hash = k.hash and i.key = k.key)
             from unnest(%s::bigint[], %s::text[]) with ordinality k(hash, key, place) order by place)
"""


class Ids:
    """Gives hub ids inside one merge transaction."""

    def __init__(self, connection: psycopg.Connection[Any], run_id: int) -> None:
        self.connection, self.run_id = connection, run_id
        self.namespaces: dict[tuple[str, str], int] = {}
        self.empty: set[int] = set()
        self.block: list[int] = []
        connection.execute("set local enable_seqscan = off")
        connection.execute("set local enable_hashjoin = off")
        connection.execute("set local enable_mergejoin = off")

    def namespace(self, system: str, entity: str) -> int:
        """Return the number of (system, entity), making it when it is new."""
        found = self.namespaces.get((system, entity))
        if found is None:
            key = (system, entity)
            row = self.connection.execute("select id from namespace where system = %s and kind = %s", key).fetchone()
            if row is None:
                row = self.connection.execute(
                    "insert into namespace (system, kind) values (%s, %s) returning id", key
                ).fetchone()
            assert row is not None
            found = self.namespaces[key] = int(row[0])
            any_row = self.connection.execute("select 1 from identifier where namespace = %s limit 1", (found,))
            if any_row.fetchone() is None:
                self.empty.add(found)
        return found

    def give(self, system: str, entity: str, keys: Sequence[str]) -> tuple[dict[str, int], set[int]]:
        """Return hub ids of distinct source ids, and which of them were given just now."""
        space = self.namespace(system, entity)
        hashes = [xxhash.xxh3_64_intdigest(key.encode()) for key in keys]
        numbers = np.array(hashes, dtype=np.uint64).view(np.int64).tolist()
        found: list[int | None]
        if space in self.empty:
            found = [None] * len(keys)
        else:
            row = self.connection.execute(_FIND, (space, numbers, list(keys))).fetchone()
            assert row is not None
            found = row[0]
        missing = [place for place, hub_id in enumerate(found) if hub_id is None]
        ids = dict(zip(keys, found, strict=True))
        fresh = self._take(len(missing), dictionary=ENTITIES[entity].DICTIONARY)
        if missing:
            self.empty.discard(space)
            lines = []
            for place, hub_id in zip(missing, fresh, strict=True):
                ids[keys[place]] = hub_id
                lines.append(f"{space}\t{numbers[place]}\t{escape(keys[place])}\t{hub_id}\t{self.run_id}\n")
            with self.connection.cursor().copy(
                "copy identifier (namespace, key_hash, key, hub_id, first_run) from stdin"
            ) as copy:
                copy.write("".join(lines))
        return ids, set(fresh)  # type: ignore[return-value]  # every None has been replaced

    def _take(self, count: int, *, dictionary: bool) -> list[int]:
        """Take new ids: from blocks, or one by one for dictionaries."""
        if dictionary:
            rows = self.connection.execute("select nextval('dictionary_id') from generate_series(1, %s)", (count,))
            return [row[0] for row in rows]
        while len(self.block) < count:
            row = self.connection.execute("select nextval('hub_id_block')").fetchone()
            assert row is not None
            self.block.extend(range(row[0], row[0] + ID_BLOCK))
        taken, self.block = self.block[:count], self.block[count:]
        return taken
