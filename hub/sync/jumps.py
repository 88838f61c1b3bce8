"""Jumps: values that differ from the row in force by a factor (a price × 100), found set-based before the merge."""

from decimal import Decimal
from typing import Any, NamedTuple

import psycopg

from canonical_model.entities import ENTITIES
from canonical_model.expectations import expectations
from hub.landscape.landscape import Landscape
from hub.store.canonical import table_name
from hub.sync.batch_bounds import bounds_of
from hub.sync.delta import signed_hash
from hub.sync.staged import LAYOUTS, NULL, escape, unescape
from hub.sync.staged_reader import Record, Rows, place_of


class Jump(NamedTuple):
    """One row to park: too far from the row in force (stage `jump`), or refused by an expectation (`quality`)."""

    record: Record
    key: str
    field: str
    reason: str
    stage: str = "jump"


class Jumps:
    """Collects the judged values of one entity and compares them in the database."""

    def __init__(self, connection: psycopg.Connection[Any], landscape: Landscape, system: str, entity: str) -> None:
        self.connection, self.system, self.entity = connection, system, entity
        value, bounds = expectations(entity).value, bounds_of(landscape, entity)
        assert value is not None
        self.value = value
        self.up = Decimal("Infinity") if bounds.up is None else bounds.up
        self.down = Decimal("Infinity") if bounds.down is None else bounds.down
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
            found = [f"{cell}\t{signed_hash(unescape(cell))}" for cell in cells[: len(self.keys)]]
            keys = "\t".join(found + [cells[place_of(self.entity, name)] for name in self.dictionaries])
            lines.append(f"{record.ordinal}\t{escape(record.kind)}\t{escape(record.part)}\t{keys}\t{cells[place]}\n")
        if lines:
            with self.connection.cursor().copy(f'copy "{self.table}" from stdin') as copy:
                copy.write("".join(lines))

    def found(self) -> tuple[list[Jump], int, int]:
        """Return the jumps, how many known rows change their value, and how many rows there are."""
        self._pair()
        if ENTITIES[self.entity].PART_OF and ENTITIES[self.entity].HISTORY:
            self._pair_deleted()
        far = self.connection.execute(
            f'select ordinal, kind, part, key0, now, value from "pairs_{self.table}" '
            "where value >= now * %s or value * %s <= now order by ordinal",
            (self.up, self.down),
        ).fetchall()
        part_of = ENTITIES[self.entity].PART_OF
        counted = self.connection.execute(
            f'select (select count(distinct ordinal) from "pairs_{self.table}" where now is not null), '
            f'(select count(*) from "{table_name(ENTITIES[self.entity].REFERS.get(part_of or "", self.entity))}")'
        ).fetchone()
        assert counted is not None
        return [self._jump(*row) for row in far], counted[0], counted[1]

    def _pair(self) -> None:
        """Put each judged row of a known record beside the row in force; where there is none, `now` is null."""
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
            f'select j.*, i0.hub_id as parent, t."{self.value}" as now from "{self.table}" j{joins} '
            f'left join "{table_name(self.entity)}" t on {on} '
            f'where t."{self.value}" is null or t."{self.value}" <> j.value',
            {"system": self.system},
        )

    def _pair_deleted(self) -> None:
        """A row that was deleted (a blank price last night) is judged by the value that it had."""
        pairs = f'"pairs_{self.table}"'
        if self.connection.execute(f"select exists (select from {pairs} where now is null)").fetchone() == (False,):
            return
        self.connection.execute(f"analyze {pairs}")
        keys = "".join(f", (c.old->>'{name}')::int as \"{name}\"" for name in self.dictionaries)
        listed = "".join(f', "{name}"' for name in self.dictionaries)
        same = "".join(f' and p."{name}" = d."{name}"' for name in self.dictionaries)
        self.connection.execute(
            f"update {pairs} p set now = d.value from (select distinct on (parent{listed}) * from ("
            f"select c.hub_id as parent, c.version, (c.old->>'{self.value}')::numeric as value{keys} from change c "
            f"join (select distinct parent from {pairs} where now is null) m on m.parent = c.hub_id "
            "where c.entity = %s and c.new = '{}') deleted "
            f"order by parent{listed}, version desc) d where p.now is null and p.parent = d.parent{same}",
            (self.entity,),
        )
        self.connection.execute(f"delete from {pairs} where now = value")

    def _jump(self, ordinal: int, kind: str, part: str, key: str, now: Decimal, value: Decimal) -> Jump:
        factor = self.up if value > now else self.down
        reason = f"{self.value} goes from {now} to {value}: a factor of {factor} or more; replay it if it is right"
        return Jump(Record(ordinal, kind, part), key, f"{self.entity}.{self.value}", reason)
