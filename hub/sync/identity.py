"""Identity: from (system, entity, source id) to hub ids, set-based and linear.

Select first, insert only the missing. Index plans are forced inside the transaction: the planner believes a table that
this transaction filled to be empty, and a hash join a chunk makes the night quadratic (0.5 s at 20k became 7.5 s at
100k). Ids are given under the merge lock (those of dictionaries under a lock of their own), so nobody else inserts.
Two ids with one hash do not share a row: the insert fails loudly on the primary key.
"""

from collections.abc import Sequence
from typing import Any, cast

import psycopg

from canonical_model.entities import ENTITIES
from hub.landscape.hub import Hub
from hub.store.locks import DICTIONARY_LOCK
from hub.store.tables import ID_BLOCK
from hub.sync.delta import key_hash, signed
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

    def give(self, system: str, entity: str, keys: Sequence[str]) -> tuple[list[int], set[int]]:
        """Return hub ids of distinct source ids, in their order, and which of them were given just now."""
        if ENTITIES[entity].DICTIONARY:
            # Normalise gives these ids as well, outside the merge lock.
            self.connection.execute("select pg_advisory_xact_lock(%s)", (DICTIONARY_LOCK,))
        space = self.namespace(system, entity)
        numbers = signed([key_hash(key) for key in keys])
        found: list[int | None]
        if space in self.empty:
            found = [None] * len(keys)
        else:
            row = self.connection.execute(_FIND, (space, numbers, list(keys))).fetchone()
            assert row is not None
            found = row[0]
        missing = [place for place, hub_id in enumerate(found) if hub_id is None]
        fresh = self._take(len(missing), dictionary=ENTITIES[entity].DICTIONARY)
        if missing:
            self.empty.discard(space)
            lines = []
            for place, hub_id in zip(missing, fresh, strict=True):
                found[place] = hub_id
                lines.append(f"{space}\t{numbers[place]}\t{escape(keys[place])}\t{hub_id}\t{self.run_id}\n")
            with self.connection.cursor().copy(
                "copy identifier (namespace, key_hash, key, hub_id, first_run) from stdin"
            ) as copy:
                copy.write("".join(lines))
        return cast(list[int], found), set(fresh)

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


class DictionaryIds(dict[str, str]):
    """Source id → hub id, as text, of one dictionary (price lists, locations); gives missing ones at once.

    Their rows are few and stand in the largest tables' keys, so they get their ids before the merge, each in a
    transaction of its own: an id without a row is a stub, and harmless.
    """

    def __init__(self, hub: Hub, run_id: int, system: str, entity: str) -> None:
        super().__init__()
        self.hub, self.run_id, self.system, self.entity = hub, run_id, system, entity

    def __missing__(self, key: str) -> str:
        """Find or give the id of a source id met for the first time in this batch."""
        with self.hub.connect() as connection:
            given, _ = Ids(connection, self.run_id).give(self.system, self.entity, [key])
            connection.commit()
        self[key] = found = str(given[0])
        return found


def dictionaries(hub: Hub, run_id: int, system: str) -> dict[str, DictionaryIds]:
    """The ids of every dictionary entity for one source system."""
    return {name: DictionaryIds(hub, run_id, system, name) for name, entity in ENTITIES.items() if entity.DICTIONARY}
