"""Jumps: values that differ from the row in force by a factor (a price × 100), found set-based before the merge."""

from decimal import Decimal
from typing import Any, NamedTuple

import psycopg

from canonical_model.entities import ENTITIES
from canonical_model.expectations import expectations
from hub.landscape.landscape import Landscape
from hub.store.canonical import table_name
from hub.sync.delta import key_hash
from hub.sync.staged import LAYOUTS, NULL, escape, unescape
from hub.sync.staged_reader import Record, Rows, place_of


class Jump(NamedTuple):
    """One row too far from the row in force."""

    record: Record
    key: str
    field: str
    reason: str


class Jumps:
    """Collects the judged values of one entity and compares them in the database."""

    def __init__(self, connection: psycopg.Connection[Any], landscape: Landscape, system: str, entity: str) -> None:
        self.connection, self.system, self.entity = connection, system, entity
        bounds, own = expectations(entity), landscape.guards.get(entity)
        assert bounds.value is not None
        self.value = bounds.value
        self.up = (own.up if own else None) or bounds.batch.up or Decimal("Infinity")
        self.down = (own.down if own else None) or bounds.batch.down or Decimal("Infinity")
        self.table = f"judged_{table_name(entity)}"
        self.keys = LAYOUTS[entity].references
        self.dictionaries = tuple(LAYOUTS[entity].dictionaries)
        columns = "".join(f", key{n} text, hash{n} bigint" for n in range(len(self.keys)))
        columns += "".join(f', "{name}" int' for name in self.dictionaries)
        connection.execute(
            f'create temp table "{self.table}" (ordinal int, kind text, part text{columns}, value numeric) '
            "on commit drop"
        )

    def add(self, rows: Rows) -> None:
        """Take a chunk of staged rows."""
        place = place_of(self.entity, self.value)
        lines = []
        for record, cells in zip(rows.records, rows.cells, strict=True):
            if cells[place] == NULL:
                continue
            found = [f"{cell}\t{_signed(unescape(cell))}" for cell in cells[: len(self.keys)]]
            keys = "\t".join(found + [cells[place_of(self.entity, name)] for name in self.dictionaries])
            lines.append(f"{record.ordinal}\t{escape(record.kind)}\t{escape(record.part)}\t{keys}\t{cells[place]}\n")
        if lines:
            with self.connection.cursor().copy(f'copy "{self.table}" from stdin') as copy:
                copy.write("".join(lines))

    def found(self) -> tuple[list[Jump], int, int]:
        """Return the jumps, how many known rows change their value, and how many rows there are."""
        row_key = ENTITIES[self.entity].KEY
        joins = "".join(
            f" join namespace n{at} on n{at}.system = %(system)s and n{at}.kind = '{target}'"
            f" join identifier i{at} on i{at}.namespace = n{at}.id and i{at}.key_hash = j.hash{at} "
            f"and i{at}.key = j.key{at}"
            for at, target in enumerate(LAYOUTS[self.entity].entities)
        )
        on = " and ".join(
            f'i{at}.hub_id = t."{"hub_id" if key == "ref" else key}"'
            for at, key in enumerate(self.keys)
            if key in row_key
        ) + "".join(f' and t."{name}" = j."{name}"' for name in self.dictionaries)
        self.connection.execute(f'analyze "{self.table}"')
        self.connection.execute(
            f'create temp table "pairs_{self.table}" on commit drop as '
            f'select j.*, t."{self.value}" as now from "{self.table}" j{joins} '
            f'join "{table_name(self.entity)}" t on {on} where t."{self.value}" <> j.value',
            {"system": self.system},
        )
        far = self.connection.execute(
            f'select ordinal, kind, part, key0, now, value from "pairs_{self.table}" '
            "where value >= now * %s or value * %s <= now order by ordinal",
            (self.up, self.down),
        ).fetchall()
        part_of = ENTITIES[self.entity].PART_OF
        counted = self.connection.execute(
            f'select (select count(distinct ordinal) from "pairs_{self.table}"), '
            f'(select count(*) from "{table_name(ENTITIES[self.entity].REFERS.get(part_of or "", self.entity))}")'
        ).fetchone()
        assert counted is not None
        return [self._jump(*row) for row in far], counted[0], counted[1]

    def _jump(self, ordinal: int, kind: str, part: str, key: str, now: Decimal, value: Decimal) -> Jump:
        factor = self.up if value > now else self.down
        reason = f"{self.value} goes from {now} to {value}: a factor of {factor} or more; replay it if it is right"
        return Jump(Record(ordinal, kind, part), key, f"{self.entity}.{self.value}", reason)


def _signed(text: str) -> int:
    number = key_hash(text)
    return number - (1 << 64) if number >= 1 << 63 else number
