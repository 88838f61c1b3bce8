"""Losses: what a batch takes out of use although its records are there.

Records in force that it marks as deleted, and parents whose stated set no longer names a row in force (every offer with
an empty list of prices). Counted set-based against the canonical tables before the merge, for full exports and for
changes alike; the bounds decide.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import psycopg

from canonical_model.entities import ENTITIES, fields_of
from hub.landscape.hub import Hub
from hub.store.canonical import table_name
from hub.sync.batch_bounds import Reason, bounds_of, judge_deactivated, judge_emptied
from hub.sync.batches import Batch
from hub.sync.delta import signed, signed_hash
from hub.sync.fill import parent_of
from hub.sync.jumps import Jumps
from hub.sync.staged import SETS_TAG, unescape
from hub.sync.staged_reader import Rows, place_of
from hub.sync.vanished import Vanished, vanished_path


class Losses:
    """Collects deletion marks and stated sets of one batch and counts what they cost.

    Attributes:
        entities: what `add` wants to be given rows of; `SETS_TAG` for stated sets.
    """

    def __init__(
        self, connection: psycopg.Connection[Any], hub: Hub, batch: Batch, judged: Mapping[str, Jumps]
    ) -> None:
        self.connection, self.hub, self.batch = connection, hub, batch
        self.bounds = {name: bounds_of(hub.landscape, name) for name in ENTITIES}
        self.marked: dict[str, dict[str, int]] = {
            name: {}
            for name, entity in ENTITIES.items()
            if self.bounds[name].vanished_share is not None and any(field.name == "gone" for field in fields_of(entity))
        }
        self.judged = {
            name: jumps
            for name, jumps in judged.items()
            if ENTITIES[name].PART_OF and self.bounds[name].emptied_share is not None
        }
        self.entities = [*self.marked, *([SETS_TAG] if self.judged else [])]
        for name in self.judged:
            connection.execute(f'create temp table "{_stated(name)}" (key text, hash bigint) on commit drop')

    def add(self, name: str, rows: Rows) -> None:
        """Take a chunk of staged rows, or of stated sets."""
        if name == SETS_TAG:
            self._state(rows)
            return
        place = place_of(name, "gone")
        keys = [unescape(cells[0]) for cells in rows.cells if cells[place] == "t"]
        self.marked[name].update({key: signed_hash(key) for key in keys})

    def _state(self, rows: Rows) -> None:
        for name in self.judged:
            keys = [cells[0] for cells in rows.cells if name in cells[1].split(",")]
            if keys:
                with self.connection.cursor().copy(f'copy "{_stated(name)}" from stdin') as copy:
                    copy.write("".join(f"{key}\t{signed_hash(unescape(key))}\n" for key in keys))

    def reasons(self) -> list[Reason]:
        """Why the batch is to be held; call it after `Jumps.found`, whose tables it reads."""
        reasons: list[Reason] = []
        for name, marked in self.marked.items():
            if marked:
                reasons += self._deactivated(name, marked)
        for name, jumps in self.judged.items():
            reasons += self._emptied(name, jumps)
        return reasons

    def _deactivated(self, name: str, marked: Mapping[str, int]) -> list[Reason]:
        hashes = self._vanished(name)
        bounds = self.bounds[name]
        if len(marked) + len(hashes) < bounds.vanished_at_least:
            return []
        in_force = (
            "from unnest(%(hashes)s::bigint[]) k(hash) join namespace n on n.system = %(system)s and n.kind = %(name)s "
            "join identifier i on i.namespace = n.id and i.key_hash = k.hash "
            f'join "{table_name(name)}" t on t.hub_id = i.hub_id where not t.gone'
        )
        lost = [
            self._count(f"select count(distinct i.hub_id) {in_force}", name, found)
            for found in (list(marked.values()), hashes)
        ]
        known = self._count(
            "select count(*) from namespace n join identifier i on i.namespace = n.id "
            f'join "{table_name(name)}" t on t.hub_id = i.hub_id '
            "where n.system = %(system)s and n.kind = %(name)s and not t.gone",
            name,
            [],
        )
        return judge_deactivated(bounds, name, lost[0], lost[1], known)

    def _vanished(self, name: str) -> list[int]:
        """Hashes of the ids of this entity's records that a full export no longer holds."""
        if not self.batch.snapshot:
            return []
        found = msgspec.msgpack.decode(self.hub.landing.read_bytes(vanished_path(self.batch)), type=Vanished)
        return [one for main, _, keys in found if main == name for one in signed(keys)]

    def _count(self, query: str, name: str, hashes: list[int]) -> int:
        row = self.connection.execute(query, {"system": self.batch.system, "name": name, "hashes": hashes}).fetchone()
        assert row is not None
        return int(row[0])

    def _emptied(self, name: str, jumps: Jumps) -> list[Reason]:
        table, own, parent = table_name(name), ENTITIES[name].PART_OF, parent_of(name)
        same = "".join(f' and j."{column}" = t."{column}"' for column in jumps.dictionaries)
        self.connection.execute(f'analyze "{_stated(name)}"')
        emptied = self._count(
            f'select count(distinct t."{own}") from "{_stated(name)}" s '
            "join namespace n on n.system = %(system)s and n.kind = %(name)s "
            "join identifier i on i.namespace = n.id and i.key_hash = s.hash and i.key = s.key "
            f'join "{table}" t on t."{own}" = i.hub_id '
            f'left join "{jumps.table}" j on j.hash0 = s.hash and j.key0 = s.key{same} where j.ordinal is null',
            parent,
            [],
        )
        bounds = self.bounds[name]
        if emptied < bounds.emptied_at_least:
            return []
        known = self._count(f'select count(distinct "{own}") from "{table}"', name, [])
        return judge_emptied(bounds, name, parent, emptied, known)


def _stated(name: str) -> str:
    return f"states_{table_name(name)}"
