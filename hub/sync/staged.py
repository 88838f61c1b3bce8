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


# Inside a row that is being written: between cells, for no value, between listed ids. Lone surrogates cannot stand in
# decoded text, so a whole row can be looked at, and escaped, at once.
_CELL, _NOTHING, _LISTED = "\udc81", "\udc80", "\udc82"


def finish(row: str) -> str:
    """Escape written cells and give their separators the real form."""
    if "\\" in row or "\t" in row or "\n" in row or "\r" in row or MANY in row or ROW in row:
        row = escape(row)
    if _LISTED in row:
        row = row.replace(_LISTED, MANY)
    return row.replace(_CELL, "\t").replace(_NOTHING, NULL)


class _Escaped(dict[str, str]):
    """Remembers the escaped form of short texts that come again and again (currencies)."""

    def __missing__(self, text: str) -> str:
        if len(self) > 1_000:
            self.clear()
        self[text] = escaped = escape(text)
        return escaped


def _texts(values: tuple[str, ...]) -> str:
    return "{" + ",".join(['"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values]) + "}"


_JSON = msgspec.json.Encoder()


def _mapping(value: dict[str, str]) -> str:
    return _JSON.encode(value).decode() if value else "{}"


def _refs(values: tuple[Ref, ...]) -> str:
    return values[0].id if len(values) == 1 else _LISTED.join([ref.id for ref in values])


# The expression that stands in a generated row for a value `{v}` of a type.
_CELLS: dict[type, str] = {
    msgspec.inspect.StrType: "{v}",
    msgspec.inspect.DecimalType: "str({v})",
    msgspec.inspect.BoolType: "('t' if {v} else 'f')",
    msgspec.inspect.DateTimeType: "{v}.isoformat()",
    msgspec.inspect.DictType: "mapping({v})",
    msgspec.inspect.VarTupleType: "(texts({v}) if {v} else '{{}}')",
}


def _cell(name: str, field: str, kind: Any) -> str:
    found, value = LAYOUTS[name], f"e.{field}"
    kind = _bare(kind)
    optional = isinstance(kind, msgspec.inspect.UnionType)
    if optional:
        kind = _bare(next(t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType)))
    if field in found.references:
        cell = f"refs({value})" if isinstance(kind, msgspec.inspect.VarTupleType) else f"{value}.id"
    elif field in found.dictionaries:
        cell = f"ids_{field}[{value}.id]"
    elif ENTITIES[name].PART_OF and isinstance(kind, msgspec.inspect.StrType):
        cell = f"escaped[{value}]"
    else:
        cell = _CELLS[type(kind)].format(v=value)
    return f"(NOTHING if {value} is None else {cell})" if optional else cell


def row_function(name: str, dictionaries: Mapping[str, Mapping[str, str]]) -> Callable[[Entity], str]:
    """Compile the function that writes one entity's cells, tab between them, without tag and ordinal.

    Generated once for each entity: a loop over the fields costs three times as much, and this runs for each row.
    `dictionaries`: for each dictionary entity, source id → hub id as text. Rows that are part of a parent come without
    the parent's column: it stands once, in front of all of them.
    """
    entity, found = ENTITIES[name], LAYOUTS[name]
    types = {field.name: field.type for field in fields_of(entity)}
    names = found.columns if entity.PART_OF else found.references + found.columns
    if entity.PART_OF:
        scope: dict[str, Any] = {"NOTHING": NULL, "CELL": "\t", "escaped": _Escaped()}
    else:
        scope = {
            "NOTHING": _NOTHING,
            "CELL": _CELL,
            "mapping": _mapping,
            "texts": _texts,
            "refs": _refs,
            "finish": finish,
        }
    for field, target in found.dictionaries.items():
        scope[f"ids_{field}"] = dictionaries[target]
    cells = ", ".join(_cell(name, field, types[field]) for field in names)
    joined = f"CELL.join(({cells},))" if entity.PART_OF else f"finish(CELL.join(({cells},)))"
    made: Callable[[Entity], str] = eval(f"lambda e: {joined}", scope)  # noqa: S307 - made of our own names
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
                    lines.append(f"{head}{ROW.join(run)}\n")
                open_kind, open_id, run = kind, parent, []
                head = f"{tag}\t{ordinal}\t{escape(parent)}\t"
            run.append(row(entity))
        if run:
            lines.append(f"{head}{ROW.join(run)}\n")
        if len(lines) > 1_000:
            self.flush()
        return ordinal

    def flush(self) -> None:
        """Write what is buffered."""
        self.file.write("".join(self.lines).encode())
        self.lines.clear()
