"""One query over a whole document kind: every column that its mapping reads, in an order that needs no memory.

The rows come by `COPY … TO STDOUT`, a tenth of what the driver takes for the same rows as objects. They stand in the
order of the root's id; where a document shows the rows beside its root (all SKUs of its product), in the order of what
these have in common, so that they come in one run.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError
from hub.store.canonical import table_name
from hub.store.tables import CANONICAL
from hub.sync.links import ROOT, Link, is_array
from hub.sync.targets import Document
from hub.sync.validity import in_force
from mappings.columns import Column

NULL = "\x02"
"""What COPY writes for null: XML forbids it in any text of a feed, and it cannot be a number."""


class Query(NamedTuple):
    """What to ask for, and where the answer's columns stand.

    Attributes:
        text: a select with placeholders.
        arguments: their values.
        places: (part, field) -> place in a row; `CODE`, `GONE`, `HIDDEN` and the root's id stand first.
        run: the root's field that the rows beside it have in common, or "".
    """

    text: str
    arguments: list[Any]
    places: dict[tuple[str, str], int]
    run: str


CODE, GONE, HIDDEN, ROOT_ID = range(4)


class QueryWriter:
    """Writes the queries of one document kind.

    `wanted`: what the rows of a part must equal. `hidden`: the assortment's conditions.
    """

    def __init__(
        self,
        document: Document,
        wanted: Mapping[str, Mapping[str, list[Any]]],
        hidden: Sequence[tuple[str, list[int]]],
    ) -> None:
        self.document, self.wanted, self.hidden = document, wanted, hidden
        self.links = {link.part: link for link in document.links}
        self.alias = {ROOT: "r"} | {link.part: f"p{number}" for number, link in enumerate(document.links)}
        self.places: dict[tuple[str, str], int] = {}
        self.run = ""

    def query(self) -> Query:
        """Everything that the mapping reads; raises ConfigError for what cannot be asked."""
        mapping = self.document.mapping
        if mapping.bind is None or mapping.when is not None:
            self._refuse("every field of a snapshot's document names what it is made from, and it has no `when`")
        self.places = {(ROOT, "hub_id"): ROOT_ID}
        for column in mapping.columns:
            self._add(column)
        read = {part for part, _ in self.places} | {link.part for link in self.document.links if self._above(link)}
        joins, values = self._joins([link for link in self.document.links if link.part in read])
        order = f"r.{self.run}, r.hub_id" if self.run else "r.hub_id"
        selected = ["c.code", self._gone(), self._hidden(), *(self._expression(*place) for place in self.places)]
        text = f"select {', '.join(selected)}, 0 from {joins} order by {order}"
        return Query(text, [*self._excluded(), *values], self.places, self.run)

    def nameless(self, columns: str) -> tuple[str, list[Any]]:
        """What is shown but has no code yet, with these columns."""
        joins, values = self._joins([link for link in self.document.links if self._above(link)])
        chosen = ", ".join(f"r.{column.strip()}" for column in columns.split(","))
        text = (
            f"select {chosen} from {joins} where c.code is null and not ({self._gone()}) and not ({self._hidden()}) "
            "order by r.hub_id"
        )
        return text, [*values, *self._excluded()]

    def _joins(self, links: Sequence[Link]) -> tuple[str, list[Any]]:
        values: list[Any] = []
        text = f"{table_name(self.document.root)} r" + "".join(self._join(link, values) for link in links)
        values += [self.document.system.name, self.document.number]
        return f"{text} left join code c on c.target = %s and c.document = %s and c.hub_id = r.hub_id", values

    def _add(self, column: Column) -> None:
        """Give a column of the mapping its place; the rows of a part have theirs where their ids or fields stand."""
        if column.field:
            self._place(column.part, column.field)
            return
        link = self.links[column.part]
        if self.named_by_array(link):
            self._place(link.start, link.field)
            return
        start = self.links.get(link.start)
        beside = start is not None and start.forward and (start.start, start.field) == (ROOT, link.field)
        if link.entity != self.document.root or not beside:
            self._refuse(f"parts.{column.part}: only rows beside the root, or that an array names, can be read whole")
        self.run = link.field
        for field in (self.run, *self.document.mapping.parts[column.part].fields):
            self._place(ROOT, field)

    def named_by_array(self, link: Link) -> bool:
        """Whether the rows of a part are those that an array of ids names."""
        return link.forward and is_array(self.entity(link.start), link.field)

    def entity(self, part: str) -> str:
        """What a part, or the root, is made of."""
        return self.links[part].entity if part else self.document.root

    def _place(self, part: str, field: str) -> None:
        self.places.setdefault((part, field), ROOT_ID + len(self.places))

    def _expression(self, part: str, field: str) -> str:
        name = f"{self.alias[part]}.{field}"
        several = field != "hub_id" and isinstance(CANONICAL[self.entity(part)].c[field].type, ARRAY)
        return f"array_to_json({name})" if several else name

    def _above(self, link: Link) -> bool:
        single = link.forward and link.start == ROOT and not is_array(self.document.root, link.field)
        return single and "gone" in CANONICAL[link.entity].c

    def _gone(self) -> str:
        """A document is gone with its root, and with what its root is a variant of."""
        above = [self.alias[link.part] for link in self.document.links if self._above(link)]
        return " or ".join(["r.gone", *(f"coalesce({alias}.gone, false)" for alias in above)])

    def _hidden(self) -> str:
        return " or ".join(f"r.hub_id in (select r.hub_id from {one})" for one, _ in self.hidden) or "false"

    def _excluded(self) -> list[Any]:
        return [excluded for _, excluded in self.hidden]

    def _join(self, link: Link, values: list[Any]) -> str:
        """Left join a part; where several rows of it would stand beside one, the first by their key, or their sum."""
        alias, start, table = self.alias[link.part], self.alias[link.start], table_name(link.entity)
        if link.forward:
            return f" left join {table} {alias} on {alias}.hub_id = {start}.{link.field}"
        wanted, total = self.wanted.get(link.part, {}), self.document.mapping.parts[link.part].sum
        values += wanted.values()
        where = "where true" + "".join(f" and {field} = any(%s)" for field in wanted) + in_force(link.entity)
        fixed = {link.field} | {field for field, allowed in wanted.items() if len(allowed) == 1}
        if total:
            rows = f"select {link.field}, sum({total}) {total} from {table} {where} group by 1"
        elif fixed.issuperset(ENTITIES[link.entity].KEY):
            rows = f"select * from {table} {where}"
        else:
            key = ", ".join(dict.fromkeys([link.field, *_key(link.entity)]))
            rows = f"select distinct on ({link.field}) * from {table} {where} order by {key}"
        return f" left join ({rows}) {alias} on {alias}.{link.field} = {start}.hub_id"

    def _refuse(self, why: str) -> None:
        message = f"{self.document.kind}.out.yml: {why}"
        raise ConfigError(message)


def _key(entity: str) -> list[str]:
    return ["hub_id" if field == "ref" else field for field in ENTITIES[entity].KEY]
