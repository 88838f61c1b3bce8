"""Staged rows: what a batch's mapping made, in one text file, ready for COPY but for the hub ids.

A line is `tag TAB ordinal TAB reference… TAB other columns`, the references as raw source ids, everything escaped as
PostgreSQL's text COPY wants it. Lines stand in the order of the records, so that the merge resolves ids chunk by chunk
in flat memory. `ordinal` numbers the changed records of the batch; a record that is parked later is skipped by it.
A line with tag `!` says which sets the record states as a whole; one with tag `#` says of which kind and part the
records after it are.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple

import msgspec

from canonical_model.entities import ENTITIES, Entity, fields_of
from canonical_model.references import Ref

SETS_TAG = "!"
KIND_TAG = "#"
NULL = "\\N"
MANY = "\x1f"


class Layout(NamedTuple):
    """How the rows of one entity stand in the file.

    Attributes:
        tag: one letter, the entity's place in ENTITIES.
        references: reference columns, in order; the first is the row's own id or its parent's.
        entities: the entity each reference points to.
        many: which references are lists of ids.
        columns: the other columns, in order.
    """

    tag: str
    references: tuple[str, ...]
    entities: tuple[str, ...]
    many: tuple[bool, ...]
    columns: tuple[str, ...]


def layout(name: str) -> Layout:
    """Return the layout of an entity's rows."""
    entity = ENTITIES[name]
    types = {field.name: field.type for field in fields_of(entity)}
    names = list(types)
    references = tuple(n for n in names if n == "ref" or n in entity.REFERS)
    return Layout(
        tag=chr(ord("A") + list(ENTITIES).index(name)),
        references=references,
        entities=tuple(entity.REFERS.get(n, name) for n in references),
        many=tuple(isinstance(_bare(types[n]), msgspec.inspect.VarTupleType) for n in references),
        columns=tuple(n for n in names if n not in references),
    )


def _bare(kind: Any) -> Any:
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    return kind


LAYOUTS = {name: layout(name) for name in ENTITIES}
BY_TAG = {found.tag: name for name, found in LAYOUTS.items()}


def escape(text: str) -> str:
    """Escape one text for COPY; most need nothing."""
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


def unescape(cell: str) -> str:
    """Undo `escape`."""
    if "\\" not in cell:
        return cell
    return cell.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")


def _text(value: str | None) -> str:
    return NULL if value is None else escape(value)


def _decimal(value: Decimal | None) -> str:
    return NULL if value is None else str(value)


def _bool(value: bool | None) -> str:
    return NULL if value is None else ("t" if value else "f")


def _time(value: datetime | None) -> str:
    return NULL if value is None else value.isoformat()


def _texts(values: tuple[str, ...]) -> str:
    if not values:
        return "{}"
    quoted = ('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)
    return escape("{" + ",".join(quoted) + "}")


_JSON = msgspec.json.Encoder()


def _mapping(value: dict[str, str]) -> str:
    return escape(_JSON.encode(value).decode()) if value else "{}"


def _ref(value: Ref | None) -> str:
    return NULL if value is None else escape(value.id)


def _refs(values: tuple[Ref, ...]) -> str:
    return MANY.join([escape(ref.id) for ref in values])


_WRITERS: dict[type, Callable[[Any], str]] = {
    msgspec.inspect.StrType: _text,
    msgspec.inspect.DecimalType: _decimal,
    msgspec.inspect.BoolType: _bool,
    msgspec.inspect.DateTimeType: _time,
    msgspec.inspect.DictType: _mapping,
    msgspec.inspect.VarTupleType: _texts,
}


def _writer(kind: Any, *, reference: bool) -> Callable[[Any], str]:
    kind = _bare(kind)
    many = isinstance(kind, msgspec.inspect.VarTupleType)
    if reference:
        return _refs if many else _ref
    if isinstance(kind, msgspec.inspect.UnionType):
        kind = next(t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType))
    return _WRITERS[type(kind)]


def row_function(name: str) -> Callable[[Entity], str]:
    """Compile the function that writes one entity's cells, tab between them, without tag and ordinal.

    Generated once for each entity: a loop over the fields costs three times as much, and this runs for each row.
    """
    entity, found = ENTITIES[name], LAYOUTS[name]
    types = {field.name: field.type for field in fields_of(entity)}
    scope: dict[str, Any] = {}
    cells = []
    for field in found.references + found.columns:
        scope[f"w_{field}"] = _writer(types[field], reference=field in found.references)
        cells.append(f"{{w_{field}(e.{field})}}")
    code = "lambda e: f'" + "\\t".join(cells) + "'"
    made: Callable[[Entity], str] = eval(code, scope)  # noqa: S307 - built from our own field names
    return made


class StagedWriter:
    """Writes the staged file of a batch."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.lines: list[str] = []
        self.ordinal = 0
        self.kind = ("", "")
        self.rows = {ENTITIES[name]: (LAYOUTS[name].tag, row_function(name)) for name in ENTITIES}

    def begin(self, kind: str, part: str) -> None:
        """The records that follow are of this kind and part."""
        if self.kind != (kind, part):
            self.kind = (kind, part)
            self.lines.append(f"{KIND_TAG}\t{self.ordinal}\t{kind}\t{part}\n")

    def add(self, source_id: str, entities: list[Entity], sets: tuple[str, ...]) -> int:
        """Write the rows of one record; returns its ordinal."""
        self.ordinal += 1
        ordinal, rows, append = self.ordinal, self.rows, self.lines.append
        if sets:
            append(f"{SETS_TAG}\t{ordinal}\t{escape(source_id)}\t{','.join(sets)}\n")
        for entity in entities:
            tag, row = rows[type(entity)]
            append(f"{tag}\t{ordinal}\t{row(entity)}\n")
        if len(self.lines) > 20_000:
            self.flush()
        return ordinal

    def flush(self) -> None:
        """Write what is buffered."""
        self.file.write("".join(self.lines).encode())
        self.lines.clear()
