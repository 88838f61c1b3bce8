"""Staged rows: what a batch's mapping made, in one text file, ready for COPY but for the hub ids.

A line is `tag TAB ordinal TAB open reference… TAB other columns`, all escaped as PostgreSQL's text COPY wants it. Open
references are raw source ids; references to dictionaries (price lists, locations) are hub ids already. Rows that belong
to one parent (all prices of a SKU) share one line, a record separator between them: most of a night's rows are such
rows, and what is done once a line must not be done once a row.

Lines stand in the order of the records, so that the merge resolves ids chunk by chunk in flat memory. `ordinal` numbers
the changed records of the batch; a record that is parked later is skipped by it. A line with tag `!` says which sets
the record states as a whole; one with tag `#` says of which kind and part the records after it are.
"""

from collections.abc import Callable, Mapping
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
ROW = "\x1e"


class Layout(NamedTuple):
    """How the rows of one entity stand in the file.

    Attributes:
        tag: one letter, the entity's place in ENTITIES.
        references: open reference columns, in order; the first is the row's own id or its parent's.
        entities: the entity each of them points to.
        many: which of them are lists of ids.
        columns: the other columns, in order.
        dictionaries: those of `columns` that are references, and the entity each points to.
    """

    tag: str
    references: tuple[str, ...]
    entities: tuple[str, ...]
    many: tuple[bool, ...]
    columns: tuple[str, ...]
    dictionaries: dict[str, str]


def layout(name: str) -> Layout:
    """Return the layout of an entity's rows."""
    entity = ENTITIES[name]
    types = {field.name: field.type for field in fields_of(entity)}
    dictionaries = {n: target for n, target in entity.REFERS.items() if ENTITIES[target].DICTIONARY}
    references = tuple(n for n in types if (n == "ref" or n in entity.REFERS) and n not in dictionaries)
    return Layout(
        tag=chr(ord("A") + list(ENTITIES).index(name)),
        references=references,
        entities=tuple(entity.REFERS.get(n, name) for n in references),
        many=tuple(isinstance(_bare(types[n]), msgspec.inspect.VarTupleType) for n in references),
        columns=tuple(n for n in types if n not in references),
        dictionaries=dictionaries,
    )


def _bare(kind: Any) -> Any:
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    return kind


LAYOUTS = {name: layout(name) for name in ENTITIES}
BY_TAG = {found.tag: name for name, found in LAYOUTS.items()}


def escape(text: str) -> str:
    """Escape one text for COPY; most need nothing."""
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text or MANY in text or ROW in text:
        text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        text = text.replace(MANY, "\\x1f").replace(ROW, "\\x1e")
    return text


def unescape(cell: str) -> str:
    """Undo `escape`."""
    if "\\" not in cell:
        return cell
    cell = cell.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r")
    return cell.replace("\\x1f", MANY).replace("\\x1e", ROW).replace("\0", "\\")


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
    if len(values) == 1:
        return escape(values[0].id)
    return MANY.join([escape(ref.id) for ref in values])


# What stands in the generated line for a value of a type; `{v}` is the value. Texts are written out, the rest calls.
_CELLS: dict[type, str] = {
    msgspec.inspect.StrType: "text({v})",
    msgspec.inspect.DecimalType: "decimal({v})",
    msgspec.inspect.BoolType: "boolean({v})",
    msgspec.inspect.DateTimeType: "time({v})",
    msgspec.inspect.DictType: "mapping({v})",
    msgspec.inspect.VarTupleType: "texts({v})",
}
_SCOPE: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "decimal": _decimal,
    "boolean": _bool,
    "time": _time,
    "mapping": _mapping,
    "texts": _texts,
    "ref": _ref,
    "refs": _refs,
}


def _cell(name: str, field: str, kind: Any) -> str:
    found, value = LAYOUTS[name], f"e.{field}"
    kind = _bare(kind)
    if field in found.references:
        return f"refs({value})" if isinstance(kind, msgspec.inspect.VarTupleType) else f"ref({value})"
    if field in found.dictionaries:
        return f"ids_{field}[{value}.id]"
    optional = isinstance(kind, msgspec.inspect.UnionType)
    if optional:
        kind = next(t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType))
    if isinstance(kind, msgspec.inspect.DecimalType) and not optional:
        return f"str({value})"
    return _CELLS[type(kind)].format(v=value)


def row_function(name: str, dictionaries: Mapping[str, Mapping[str, str]]) -> Callable[[Entity], str]:
    """Compile the function that writes one entity's cells, tab between them, without tag and ordinal.

    Generated once for each entity: a loop over the fields costs three times as much, and this runs for each row.
    `dictionaries`: for each dictionary entity, source id → hub id as text. Rows that are part of a parent come without
    the parent's column: it stands once, in front of all of them.
    """
    entity, found = ENTITIES[name], LAYOUTS[name]
    types = {field.name: field.type for field in fields_of(entity)}
    names = found.columns if entity.PART_OF else found.references + found.columns
    scope: dict[str, Any] = dict(_SCOPE)
    for field, target in found.dictionaries.items():
        scope[f"ids_{field}"] = dictionaries[target]
    code = "lambda e: f'" + "\\t".join(f"{{{_cell(name, field, types[field])}}}" for field in names) + "'"
    made: Callable[[Entity], str] = eval(code, scope)  # noqa: S307 - built from our own field names
    return made


class StagedWriter:
    """Writes the staged file of a batch."""

    def __init__(self, file: BinaryIO, dictionaries: Mapping[str, Mapping[str, str]]) -> None:
        self.file = file
        self.lines: list[str] = []
        self.ordinal = 0
        self.kind = ("", "")
        self.rows = {
            ENTITIES[name]: (LAYOUTS[name].tag, ENTITIES[name].PART_OF, row_function(name, dictionaries))
            for name in ENTITIES
        }

    def begin(self, kind: str, part: str) -> None:
        """The records that follow are of this kind and part."""
        if self.kind != (kind, part):
            self.kind = (kind, part)
            self.lines.append(f"{KIND_TAG}\t{self.ordinal}\t{kind}\t{part}\n")

    def add(self, source_id: str, entities: list[Entity], sets: tuple[str, ...]) -> int:
        """Write the rows of one record; returns its ordinal."""
        self.ordinal = ordinal = self.ordinal + 1
        rows, lines = self.rows, self.lines
        if sets:
            lines.append(f"{SETS_TAG}\t{ordinal}\t{escape(source_id)}\t{','.join(sets)}\n")
        open_kind: type[Entity] | None = None
        open_id = head = ""
        run: list[str] = []
        for entity in entities:
            kind = type(entity)
            tag, part_of, row = rows[kind]
            if part_of is None:
                lines.append(f"{tag}\t{ordinal}\t{row(entity)}\n")
                continue
            parent = getattr(entity, part_of).id
            if kind is not open_kind or parent != open_id:
                if run:
                    lines.append(head + ROW.join(run) + "\n")
                open_kind, open_id, run = kind, parent, []
                head = f"{tag}\t{ordinal}\t{escape(parent)}\t"
            run.append(row(entity))
        if run:
            lines.append(head + ROW.join(run) + "\n")
        if len(lines) > 8_000:
            self.flush()
        return ordinal

    def flush(self) -> None:
        """Write what is buffered."""
        self.file.write("".join(self.lines).encode())
        self.lines.clear()
