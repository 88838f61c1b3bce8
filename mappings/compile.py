"""From a mapping file to one Python function, made once a file.

The function takes the slots of a record and gives its Reading. It is generated, because it runs for every changed
record of a night: a struct with its arguments spelled out costs 0.14 µs, the same through a dictionary and a call for
each field three times that. What it does is plain: for each section, each field is converted inside its own `try`
(free in Python ≥ 3.11 until something is raised), so that an error names its field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from canonical_model.entities import ENTITIES, Entity, fields_of
from canonical_model.errors import ConfigError, MappingError
from canonical_model.references import Ref
from canonical_model.schema import refers_to
from mappings.converters import CONVERTERS, Converter
from mappings.faults import Kept, LeftOut, misread
from mappings.grammar import Field, InFile, Section
from mappings.reading import NOTHING, Context, Note, Reading
from mappings.sources import Node, Source, column

Build = Callable[..., Any]
# Ids that come again and again; their Refs are made once.
FEW = frozenset({"PriceList", "Location", "Category"})


class Plan(msgspec.Struct):
    """A compiled mapping file.

    Attributes:
        source: which field of the record goes into which slot.
        build: `(context, *slots) -> Reading`.
        entry: `(context, *slots) -> (id, value)`, where the file fills a context table.
        needs: context tables that its converters look into.
        code: the generated Python, for people and tests.
    """

    source: Source
    build: Build
    entry: Build | None
    needs: tuple[str, ...]
    code: str


class Writer:
    """Writes the function of one mapping file."""

    def __init__(self, file: InFile) -> None:
        self.file = file
        self.source = Source()
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "Kept": Kept, "LeftOut": LeftOut, "Note": Note, "Reading": Reading, "Ref": Ref, "NOTHING": NOTHING,
            "misread": misread, "once": once, "look": look, "needed": needed,
        }  # fmt: skip
        self.needs: set[str] = set()
        self.key = self.source.text(file.key)
        self.places: dict[str, tuple[int, Node]] = {}
        self.made: dict[str, str] = {}
        self.own: set[str] = set()
        self.few: set[str] = set()
        self.serial = 0

    def plan(self) -> Plan:
        """Compile the file.

        Raises:
            ConfigError: it names something that does not exist, or leaves a required field out.
        """
        for path, columns in self.file.each.items():
            for name in columns:
                column(self._items(path)[1], name)
        for section in self._all():
            self._register(section)
        for path in self.file.ignore:
            self.source.ignore(path)
        for section in self.file.sections:
            self._section(section)
        body, self.lines, self.made = self.lines, [], {}
        if self.file.entry is not None:
            self._fields(self.file.entry, "    ")
        entry = self.lines
        sets = self._sets()
        arguments = ", ".join(["context", *(f"s{i}" for i in range(self.source.count))])
        head = ["    system = context.system", "    notes = None"]
        head += [f"    refs_{kind} = context.refs({kind!r})" for kind in sorted(self.few)]
        if self.file.sections:
            head += [
                f"    if not s{self.key}: raise misread('', {self.file.key!r}, '', 'is empty; a record needs an id')"
            ]
        head += [f"    own_{kind} = Ref(system, {kind!r}, s{self.key})" for kind in sorted(self.own)]
        code = [f"def build({arguments}):", *head, "    entities = []", *body]
        code.append(f"    return Reading(entities, {sets}, NOTHING if notes is None else tuple(notes))")
        if self.file.entry is not None:
            code += [f"def entry({arguments}):", *head, *entry, f"    return s{self.key}, {self._dictionary()}"]
        text = "\n".join(code)
        exec(compile(text, f"<{self.file.source}/{self.file.kind}.in.yml>", "exec"), self.names)  # noqa: S102
        return Plan(self.source, self.names["build"], self.names.get("entry"), tuple(sorted(self.needs)), text)

    def _all(self) -> Iterator[Section]:
        yield from self.file.sections
        if self.file.entry is not None:
            yield self.file.entry

    def _register(self, section: Section) -> None:
        """Give every source field that the section reads its slot or column."""
        if section.each:
            self._items(section.each)
        for one in section.fields:
            for path in one.paths:
                if path in self.places:
                    continue
                if section.each and not path.startswith("/"):
                    column(self.places[section.each][1], path)
                else:
                    self.source.text(path.lstrip("/"))

    def _items(self, path: str) -> tuple[int, Node]:
        """Find a repeated field; `a+/b` says that `a` repeats too."""
        if path not in self.places:
            names = path.split("/")
            for i, name in enumerate(names):
                if name.endswith("+"):
                    names[i] = name[:-1]
                    self.source.transparent("/".join(names[: i + 1]))
            self.places[path] = self.source.items("/".join(names))
        return self.places[path]

    def _section(self, section: Section) -> None:
        """Write what yields one entity, or one for each item."""
        if section.entity not in ENTITIES:
            msg = f"{self._where(section)}: no such entity; known: {', '.join(ENTITIES)}"
            raise ConfigError(msg)
        self._complete(section)
        self.names[section.entity] = ENTITIES[section.entity]
        margin = "    "
        conditions = [f"not {self._there(path)}" for path in section.unless]
        if section.needs:
            first = tuple(f for f in section.fields if f.name == section.needs)
            self._fields(msgspec.structs.replace(section, fields=first), margin)
            conditions.append(f"{self.made[f'{section.entity}.{section.needs}']} is not None")
        if section.optional:
            own = sorted({self._slot(p) for f in section.fields for p in f.paths} - {f"s{self.key}"})
            conditions.append(f"({' or '.join(own)})")
        if conditions:
            self.lines.append(f"{margin}if {' and '.join(conditions)}:")
            margin += "    "
        if section.each:
            self._loop(section, margin)
        else:
            self._fields(section, margin)
            self._append(section, margin)
        self.made = {}

    def _loop(self, section: Section, margin: str) -> None:
        slot, node = self.places[section.each]
        cells = ", ".join(f"c{i}" for i in range(node.width))
        self._shared(section, margin)
        kept = self.made
        distinct = self._distinct(section, node)
        if distinct is not None:
            said = section.each.replace("+", "")
            what = f"r[{distinct}] for r in s{slot}" if node.width > 1 else f"r for r in s{slot}"
            self.lines.append(f"{margin}if len(s{slot}) > 1: once(s{self.key}, {said!r}, [{what}])")
        self.lines.append(f"{margin}for {cells} in s{slot}:")
        self._fields(section, margin + "    ", section.each)
        self._append(section, margin + "    ")
        self.made = kept

    def _shared(self, section: Section, margin: str) -> None:
        """Write, before a loop, the fields that are the same for all its items."""
        self.made = {}
        outer = tuple(f for f in section.fields if f.paths and all(p.startswith("/") for p in f.paths))
        self._fields(msgspec.structs.replace(section, fields=outer), margin)

    def _distinct(self, section: Section, node: Node) -> int | None:
        """Return the column that must not repeat within one record's set, if there is one."""
        entity = ENTITIES[section.entity]
        names = [name for name in entity.KEY if entity.PART_OF and name != entity.PART_OF]
        for one in section.fields:
            if one.name in names and len(one.paths) == 1 and not one.paths[0].startswith("/"):
                return node.below(one.paths[0]).slot
        return None

    def _fields(self, section: Section, margin: str, each: str = "") -> None:
        """Write the conversion of each field into a variable of its own."""
        for one in section.fields:
            said = f"{section.entity}.{one.name}"
            if said in self.made:
                continue
            variable = f"v{self.serial}"
            self.serial += 1
            self.made[said] = variable
            self._field(section, one, variable, margin)

    def _field(self, section: Section, one: Field, variable: str, margin: str) -> None:
        arguments = [self._cell(section, one, path) for path in one.paths]
        value, fails = self._value(section, one, arguments)
        if not fails:
            self.lines.append(f"{margin}{variable} = {value}")
            return
        path = one.paths[0].lstrip("/") if one.paths else one.name
        inner = section.each and one.paths and not one.paths[0].startswith("/")
        where = f"{section.each}/{path}".removesuffix("/.").replace("+", "") if inner else path
        shown = arguments[0] if arguments else "''"
        add = f"notes = [*(notes or ()), Note({where!r}, {{}})]"
        self.lines += [
            f"{margin}try: {variable} = {value}",
            f"{margin}except Kept as kept: {variable} = kept.value; {add.format('kept.reason')}",
        ]
        if section.each:
            self.lines.append(f"{margin}except LeftOut as why: {add.format('str(why)')}; continue")
        if one.drop:
            dropped = f"f'{{str({shown})[:80]!r}}: left out: {{why}}'"
            default = self._default(section, one)
            self.lines.append(f"{margin}except ValueError as why: {variable} = {default}; {add.format(dropped)}")
        else:
            refusal = f"misread(s{self.key}, {where!r}, {shown}, why)"
            self.lines.append(f"{margin}except ValueError as why: raise {refusal} from None")

    def _value(self, section: Section, one: Field, arguments: list[str]) -> tuple[str, bool]:
        """Return the expression of a field's value, and whether it can raise."""
        if one.lookup:
            if one.lookup not in self.file.lookups:
                msg = f"{self._where(section)}.{one.name}: no lookup {one.lookup!r} in the file"
                raise ConfigError(msg)
            table = f"lookup_{one.lookup}"
            self.names[table] = self.file.lookups[one.lookup]
            return f"look({table}, {arguments[0]}, {one.lookup!r})", True
        value, fails = (arguments[0] if arguments else "''"), False
        if one.convert:
            converter = self._converter(section, one)
            self.names[converter.name] = converter.function
            given = ["context", *arguments] if converter.context else arguments
            value, fails = f"{converter.name}({', '.join(given)})", converter.fails
        if section is self.file.entry:
            return value, fails
        return self._typed(section, one, value, fails)

    def _typed(self, section: Section, one: Field, value: str, fails: bool) -> tuple[str, bool]:
        """Make Refs of ids, and refuse emptiness where the entity needs a value."""
        kind = refers_to(section.entity, one.name)
        if kind in FEW:
            self.few.add(kind)
        field = {f.encode_name: f for f in fields_of(ENTITIES[section.entity])}[one.name]
        if kind is not None and one.paths and one.paths[0] in self.file.each:
            return f"tuple([refs_{kind}.get(i) or context.ref({kind!r}, i) for i in {value}])", True
        if kind in FEW and value != f"s{self.key}":
            made = f"(refs_{kind}.get({value}) or context.ref({kind!r}, {value}))"
            if not field.required:
                made = f"({made} if {value} else None)"
            return made, True
        if value == f"s{self.key}":
            self.own.add(str(kind))
            return f"own_{kind}", False
        if kind is not None:
            return f"Ref(system, {kind!r}, needed({value}))", True
        full = bool(one.convert) and self._converter(section, one).full
        if field.required and not full and (one.convert or field.type != msgspec.inspect.DecimalType()):
            return f"needed({value})", True
        return value, fails

    def _converter(self, section: Section, one: Field) -> Converter:
        name = f"{self.file.source}.{one.convert}"
        found = CONVERTERS.get(name) or CONVERTERS.get(one.convert)
        if found is None:
            msg = f"{self._where(section)}.{one.name}: no converter {one.convert!r}"
            raise ConfigError(msg)
        self.needs.update(found.needs)
        return found

    def _append(self, section: Section, margin: str) -> None:
        given = ", ".join(f"{f.name}={self.made[f'{section.entity}.{f.name}']}" for f in section.fields)
        self.lines.append(f"{margin}entities.append({section.entity}({given}))")

    def _dictionary(self) -> str:
        """Return the expression of a context table's value."""
        assert self.file.entry is not None
        return "{" + ", ".join(f"{f.name!r}: {self.made[f'entry.{f.name}']}" for f in self.file.entry.fields) + "}"

    def _cell(self, section: Section, one: Field, path: str) -> str:
        """Return the variable that holds a source field."""
        if section.each and path not in self.file.each and not path.startswith("/"):
            return f"c{self.places[section.each][1].below(path).slot}"
        return self._slot(path)

    def _slot(self, path: str) -> str:
        if path in self.places:
            return f"s{self.places[path][0]}"
        return f"s{self.source.text(path.lstrip('/'))}"

    def _there(self, path: str) -> str:
        """Return what is true when a field is present."""
        if path in self.places:
            return f"s{self.places[path][0]}"
        node = self.source.root.below(path)
        return f"s{node.slot}" if node.slot is not None else f"s{self.source.marker(path)}"

    def _sets(self) -> str:
        """Return the expression of `Reading.sets`: a constant chosen by what is there."""
        expression = "NOTHING"
        for i, (entity, said) in enumerate(self.file.sets.items()):
            if entity not in ENTITIES or ENTITIES[entity].PART_OF is None:
                msg = f"{self.file.kind}.in.yml: sets: {entity} is not part of another entity"
                raise ConfigError(msg)
            there = [self._there(p) for p in said.any]
            if said.all:
                there.append("(" + " and ".join(self._there(p) for p in said.all) + ")")
            self.names[f"SET{i}"] = (entity,)
            test = " or ".join(there)
            expression = (
                f"SET{i} if {test} else NOTHING" if i == 0 else f"({expression}) + (SET{i} if {test} else NOTHING)"
            )
        return expression

    def _complete(self, section: Section) -> None:
        """Check that the section names real fields and leaves no required one out."""
        known = {f.encode_name: f for f in fields_of(ENTITIES[section.entity])}
        named = {f.name for f in section.fields}
        unknown = sorted(named - set(known))
        missing = sorted(n for n, f in known.items() if f.required and n not in named)
        if unknown or missing:
            said = [f"has no field {n}" for n in unknown] + [f"needs {n}" for n in missing]
            msg = f"{self._where(section)}: {', '.join(said)}"
            raise ConfigError(msg)

    def _default(self, section: Section, one: Field) -> str:
        found = {f.encode_name: f for f in fields_of(ENTITIES[section.entity])}[one.name]
        if found.required:
            msg = f"{self._where(section)}.{one.name} is required: it cannot be dropped on error"
            raise ConfigError(msg)
        return "{}" if found.default is msgspec.NODEFAULT else repr(found.default)

    def _where(self, section: Section) -> str:
        return f"{self.file.source}/{self.file.kind}.in.yml: {section.entity}"


def once(record: str, field: str, values: list[str]) -> None:
    """Refuse a set that says the same thing twice: a key would break.

    Raises:
        MappingError: a value repeats (two prices of one type in one offer).
    """
    if len(set(values)) < len(values):
        twice = sorted({v for v in values if values.count(v) > 1})
        msg = f"record {record}: {', '.join(twice)} stands there more than once; allowed: once"
        raise MappingError(msg, field)


def look(table: dict[str, str], value: str, name: str) -> str | None:
    """Look a source's word up in the mapping file's own list.

    Raises:
        ValueError: it is not in the list.
    """
    if not value:
        return None
    try:
        return table[value]
    except KeyError:
        msg = f"not in lookup {name!r}; allowed: {', '.join(table)}"
        raise ValueError(msg) from None


def needed(value: Any) -> Any:
    """Refuse emptiness.

    Raises:
        ValueError: nothing is there.
    """
    if value is None or value == "":
        raise ValueError("is empty; a value is needed")
    return value


def entities_of(file: InFile) -> tuple[str, ...]:
    """Return the entities that a file can yield, in order, each once."""
    return tuple(dict.fromkeys(section.entity for section in file.sections))


__all__ = ["Build", "Context", "Entity", "Plan", "Writer", "entities_of"]
