"""fill: staged lines get their hub ids and go into the tables, or into staging tables where the row is known.

One pass in the order of the records, a chunk at a time: flat memory, one look-up an entity and chunk, one COPY a table
and chunk. A row whose key was given in this very chunk cannot meet another and is COPYed straight into its table.
"""

import io
from collections import Counter
from itertools import islice
from typing import Any

import psycopg

from canonical_model.entities import ENTITIES
from hub.landscape.hub import Hub
from hub.store.canonical import table_name
from hub.sync.batches import Batch
from hub.sync.identity import Ids
from hub.sync.runs import progress
from hub.sync.staged import BY_TAG, KIND_TAG, LAYOUTS, MANY, NULL, ROW, SETS_TAG, unescape

LINES = 3_000
NEAR = 5_000
Given = dict[str, dict[str, int]]
Fresh = dict[str, set[int]]


class Filler:
    """Loads one batch inside a merge transaction.

    Attributes:
        rows: lines read.
        straight: rows copied straight into each entity's table.
        staged: rows waiting in `s_<table>` for each entity.
    """

    def __init__(
        self, connection: psycopg.Connection[Any], batch: Batch, version: int, run_id: int, *, straight: bool
    ) -> None:
        self.connection, self.batch, self.allow_straight = connection, batch, straight
        self.ids = Ids(connection, run_id)
        self.head = f"{version}\t{run_id}\t"
        self.near: Given = {name: {} for name in ENTITIES}
        self.rows = 0
        self.straight: Counter[str] = Counter()
        self.staged: Counter[str] = Counter()
        self.widths = {found.tag: len(found.references) for found in LAYOUTS.values()}
        for name in ENTITIES:
            table = table_name(name)
            connection.execute(f'create temp table "s_{table}" (like "{table}", seq serial) on commit drop')
            connection.execute(f'create temp table "touched_{table}" (hub_id bigint not null) on commit drop')
        connection.execute("create temp table stated (entity text not null, hub_id bigint not null) on commit drop")

    def load(self, hub: Hub, run_id: int, parked: set[int]) -> None:
        """Read the batch's staged file; records whose ordinal is `parked` are left out."""
        assert self.batch.staged_path is not None
        with io.TextIOWrapper(hub.landing.open_plain(self.batch.staged_path), encoding="utf8", newline="\n") as file:
            while lines := list(islice(file, LINES)):
                self._chunk(lines, parked)
                self.rows += len(lines)
                if self.rows // LINES % 10 == 0:
                    progress(hub, run_id, "merge", self.rows, None)

    def _chunk(self, lines: list[str], parked: set[int]) -> None:
        rows: dict[str, list[list[str]]] = {tag: [] for tag in self.widths}
        stated: list[list[str]] = []
        widths = self.widths
        for line in lines:
            tag, ordinal, rest = line.split("\t", 2)
            if tag == KIND_TAG or (parked and int(ordinal) in parked):
                continue
            if tag == SETS_TAG:
                stated.append(rest[:-1].split("\t", 1))
            else:
                rows[tag].append(rest.split("\t", widths[tag]))
        fresh = self._resolve(rows, stated)
        for tag, cells in rows.items():
            if cells:
                self._copy(BY_TAG[tag], cells, fresh)
        self._state(stated, fresh)

    def _resolve(self, rows: dict[str, list[list[str]]], stated: list[list[str]]) -> Fresh:
        """Give every open reference of the chunk its hub id; returns which ids are new, by entity."""
        wanted: dict[str, dict[str, None]] = {name: {} for name in ENTITIES}
        for tag, cells in rows.items():
            found = LAYOUTS[BY_TAG[tag]]
            for place, (entity, many) in enumerate(zip(found.entities, found.many, strict=True)):
                if many:
                    listed = {row[place] for row in cells}
                    wanted[entity].update({key: None for cell in listed if cell for key in cell.split(MANY)})
                else:
                    wanted[entity].update({row[place]: None for row in cells})
        for sets in {row[1] for row in stated}:
            parent = parent_of(sets.partition(",")[0])
            wanted[parent].update({row[0]: None for row in stated if row[1] == sets})
        fresh: Fresh = {}
        for entity, keys in wanted.items():
            keys.pop(NULL, None)
            near = self.near[entity]
            if len(near) > NEAR:
                near.clear()
            far = [key for key in keys if key not in near]
            fresh[entity] = set()
            if far:
                given, fresh[entity] = self.ids.give(self.batch.system, entity, [unescape(key) for key in far])
                near.update(zip(far, given, strict=True))
        return fresh

    def _copy(self, name: str, cells: list[list[str]], fresh: Fresh) -> None:
        """COPY the chunk's rows of one entity: new ones into its table, known ones into its staging table."""
        own = fresh[LAYOUTS[name].entities[0]] if self.allow_straight else set()
        straight, staged = self._parts(name, cells, own) if ENTITIES[name].PART_OF else self._own(name, cells, own)
        columns = ", ".join(f'"{c}"' for c in column_names(name))
        for table, lines, counts in (
            (table_name(name), straight, self.straight),
            (f"s_{table_name(name)}", staged, self.staged),
        ):
            if lines:
                text = "".join(lines)
                counts[name] += text.count("\n")
                with self.connection.cursor().copy(f'copy "{table}" ({columns}) from stdin') as copy:
                    copy.write(text)

    def _parts(self, name: str, cells: list[list[str]], own: set[int]) -> tuple[list[str], list[str]]:
        """COPY lines of rows that share a parent: its id is written in front of each."""
        head, lookup = self.head, self.near[LAYOUTS[name].entities[0]]
        straight: list[str] = []
        staged: list[str] = []
        for parent, rest in cells:
            parent_id = lookup[parent]
            front = f"{head}{parent_id}\t"
            target = straight if parent_id in own else staged
            target.append(front + rest.replace(ROW, "\n" + front))
        return straight, staged

    def _own(self, name: str, cells: list[list[str]], own: set[int]) -> tuple[list[str], list[str]]:
        """COPY lines of rows with an id of their own; a second one of one id in this chunk is no longer new."""
        found, head, own = LAYOUTS[name], self.head, set(own)
        lookups = [self.near[entity] for entity in found.entities]
        others = range(1, len(lookups))
        straight: list[str] = []
        staged: list[str] = []
        for row in cells:
            row_id = lookups[0][row[0]]
            if row_id in own:
                own.discard(row_id)
                target = straight
            else:
                target = staged
            row[0] = str(row_id)
            for place in others:
                cell, lookup = row[place], lookups[place]
                if found.many[place]:
                    row[place] = "{" + ",".join([str(lookup[key]) for key in cell.split(MANY)]) + "}" if cell else "{}"
                elif cell != NULL:
                    row[place] = str(lookup[cell])
            target.append(head + "\t".join(row))
        return straight, staged

    def _state(self, stated: list[list[str]], fresh: Fresh) -> None:
        """Remember which known parents state a whole set, so that what they no longer name can go."""
        lines = []
        for source_id, sets in stated:
            for entity in sets.split(","):
                parent = parent_of(entity)
                hub_id = self.near[parent][source_id]
                if hub_id not in fresh[parent]:
                    lines.append(f"{entity}\t{hub_id}\n")
        if lines:
            with self.connection.cursor().copy("copy stated (entity, hub_id) from stdin") as copy:
                copy.write("".join(lines))


def parent_of(entity: str) -> str:
    """The entity whose set the rows of `entity` are (`Price` → `Sku`)."""
    part_of = ENTITIES[entity].PART_OF
    assert part_of is not None
    return ENTITIES[entity].REFERS[part_of]


def column_names(name: str) -> list[str]:
    """Columns of an entity's table in the order of a COPY line."""
    found = LAYOUTS[name]
    return ["version", "set_run"] + ["hub_id" if c == "ref" else c for c in found.references + found.columns]
