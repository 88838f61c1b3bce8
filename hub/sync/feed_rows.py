"""The answer to a feed's query as payloads: a row is cut into texts, and each text becomes what its column holds.

The function that does it is generated once a document kind: it passes the values straight to the mapping's function.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import ARRAY, Boolean, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB

from canonical_model.errors import ConfigError
from hub.store.tables import CANONICAL
from hub.sync.feed_query import CODE, NULL, Query, QueryWriter
from mappings.columns import Column

Row = list[str]
MOST_LISTS = 10_000
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_KINDS = (
    (Text, "(None if row[{0}] == NULL else row[{0}])"),
    (Integer, "(None if row[{0}] == NULL else int(row[{0}]))"),
    (Numeric, "(None if row[{0}] == NULL else Decimal(row[{0}]))"),
    (Boolean, "(None if row[{0}] == NULL else row[{0}] == 't')"),
    (ARRAY, "(None if row[{0}] == NULL else [] if row[{0}] == '[]' else decode(row[{0}]))"),
    (JSONB, "(None if row[{0}] == NULL else {{}} if row[{0}] == '{{}}' else decode(row[{0}]))"),
)


class NamedRows(dict[str, list[Any]]):
    """Rows that arrays of ids name, by the array's text: few arrays, that come again and again."""

    def __init__(self, rows: Mapping[int, Any]) -> None:
        super().__init__()
        self.rows = rows

    def __missing__(self, text: str) -> list[Any]:
        ids = [] if text == NULL else msgspec.json.decode(text)
        if len(self) >= MOST_LISTS:
            self.clear()
        found = self[text] = [self.rows[i] for i in ids if i in self.rows]
        return found


class Reader:
    """Makes payloads of rows.

    Attributes:
        payload: `(row, rows beside it) -> payload`.
        beside: `row -> what the rows beside a root are seen as`, or None where none are shown.
    """

    def __init__(
        self,
        writer: QueryWriter,
        query: Query,
        named: Mapping[str, NamedRows],
        options: Mapping[str, Any],
        refs: Any,
    ) -> None:
        self.writer, self.query = writer, query
        bind = writer.document.mapping.bind
        assert bind is not None, "the query was refused otherwise"
        self.known: dict[str, Any] = {
            "NULL": NULL, "Decimal": Decimal, "decode": msgspec.json.decode, "build": bind(options, refs),
        }  # fmt: skip
        self.beside: Callable[[Row], Any] | None = None
        self.named = named
        values = ", ".join(self._value(column) for column in writer.document.mapping.columns)
        self.payload: Callable[[Row, list[Any]], dict[str, Any]] = self._function(
            f"lambda row, beside: build({_text(CODE)}, True, False, {values})"
        )

    def _function(self, text: str) -> Any:
        return eval(compile(text, f"<{self.writer.document.name}>", "eval"), self.known)  # noqa: S307

    def _value(self, column: Column) -> str:
        if column.field:
            return self._cell(column.part, column.field)
        link = self.writer.links[column.part]
        if column.part in self.named:
            self.known[f"named_{column.part}"] = self.named[column.part]
            return f"named_{column.part}[row[{self.query.places[link.start, link.field]}]]"
        fields = ("hub_id", *self.writer.document.mapping.parts[column.part].fields)
        kind = self.known[f"row_{column.part}"] = namedtuple(f"row_{column.part}", fields)
        cells = ", ".join(self._cell("", field) for field in fields)
        self.beside = self._function(f"lambda row: {kind.__name__}({cells})")
        return "beside"

    def _cell(self, part: str, field: str) -> str:
        place = self.query.places[part, field]
        kind = Integer() if field == "hub_id" else CANONICAL[self.writer.entity(part)].c[field].type
        for known, text in _KINDS:
            if isinstance(kind, known):
                return text.format(place)
        message = f"{self.writer.document.kind}.out.yml: {part or 'root'}.{field}: a feed cannot read such a field"
        raise ConfigError(message)


def _text(place: int) -> str:
    return _KINDS[0][1].format(place)


def rows_of(lines: Iterable[Any]) -> Iterator[Row]:
    """Rows of COPY's text format, cut into texts; a null is `NULL`."""
    for line in lines:
        text = str(line, "utf-8")
        row = text.split("\t")
        if "\\" in text:
            row = [_plain(cell) if "\\" in cell else cell for cell in row]
        yield row


def _plain(cell: str) -> str:
    return _ESCAPED.sub(lambda found: _LETTERS.get(found[1], found[1]), cell)


def runs_of(rows: Iterable[Row], place: int | None) -> Iterator[list[Row]]:
    """Rows that have the same text at a place, together; each alone without a place."""
    if place is None:
        yield from ([row] for row in rows)
        return
    run: list[Row] = []
    for row in rows:
        if run and run[0][place] != row[place]:
            yield run
            run = []
        run.append(row)
    if run:
        yield run
