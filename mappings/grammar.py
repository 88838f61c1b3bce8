"""The grammar of inbound mapping files, read and checked.

A file says what one record kind of one system means:

    source: commerceml
    kind: Предложение               # the source's own name; also the file's
    main: Sku                       # the entity that the record itself is
    key: Ид                         # its id, raw
    fills: price_types              # optional: the context table it fills, with `entry`
    each:                           # repeated elements and the fields of theirs that converters get, as rows
      ХарактеристикиТовара/ХарактеристикаТовара: [Наименование, Значение]
    entities:
      Sku:
        optional: true              # yields nothing when none of its own fields is in the record
        fields:
          ref: Ид                   # a field of the record, taken as it is
          name: {from: Наименование, convert: text}
          gone: {from: ["@Статус", ПометкаУдаления], convert: gone}
          gtin: {from: Штрихкод, convert: gtin, on_error: drop}
          options: {from: ХарактеристикиТовара/ХарактеристикаТовара, convert: pairs}
      Price:
        each: Цены/Цена             # one Price for each; paths are then the item's, `/Ид` is the record's
        fields: {sku: /Ид, price_list: ИдТипаЦены, amount: {from: ЦенаЗаЕдиницу, convert: price}}
    sets:                           # whose whole set the record states
      Price: {any: [Цены], all: [Наименование, Количество]}
    ignore: [НомерВерсии, Цены/Цена/Представление]
    lookups: {vat: {"Без НДС": none}}
    pending: "orders: no mapping yet"   # alone: the kind is known, its mapping is not written yet

No expressions, conditions, templates or inheritance: what a table cannot say is a named converter.
An entity may be a list of sections; `unless: [path]` gives way to fields that say the same better; `with: field` leaves
the entity out when that field of it comes out empty.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

from canonical_model.errors import ConfigError

FILE_KEYS = {"source", "kind", "main", "key", "fills", "entry", "entities", "sets", "ignore", "lookups", "pending"}
FILE_KEYS |= {"each", "compare"}
SECTION_KEYS = {"optional", "each", "unless", "with", "fields"}
FIELD_KEYS = {"from", "convert", "lookup", "on_error"}


class Field(msgspec.Struct, frozen=True):
    """Where one canonical field comes from.

    Attributes:
        name: the canonical field.
        paths: source paths, in the order in which the converter takes them; may be none.
        convert: name of a converter, or "".
        lookup: name of a lookup of the file, or "".
        drop: a value that cannot be read costs the field and a note, not the record.
    """

    name: str
    paths: tuple[str, ...]
    convert: str = ""
    lookup: str = ""
    drop: bool = False


class Section(msgspec.Struct, frozen=True):
    """How one entity is made from the record.

    Attributes:
        entity: its canonical name.
        fields: its fields.
        each: path of the repeated element that gives one entity an item, or "".
        optional: it is left out when none of its own fields is there.
        unless: it is left out when one of these is there.
        needs: it is left out when this field of it comes out empty (`with` in the file).
    """

    entity: str
    fields: tuple[Field, ...]
    each: str = ""
    optional: bool = False
    unless: tuple[str, ...] = ()
    needs: str = ""


class Stated(msgspec.Struct, frozen=True):
    """When a record states the whole set of an entity: one of `any` is there, or `all` of the others are."""

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()


class InFile(msgspec.Struct, frozen=True):
    """One inbound mapping file."""

    source: str
    kind: str
    main: str = ""
    key: str = ""
    fills: str | None = None
    each: dict[str, tuple[str, ...]] = {}
    entry: Section | None = None
    sections: tuple[Section, ...] = ()
    sets: dict[str, Stated] = {}
    ignore: tuple[str, ...] = ()
    lookups: dict[str, dict[str, str]] = {}
    pending: str = ""
    compare: dict[str, str] = {}


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a mapping file; every scalar stays text (`0123`, `no`, `12:30`).

    Raises:
        ConfigError: it is not a YAML mapping.
    """
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 (BaseLoader makes only text)
    except yaml.YAMLError as why:
        msg = f"{path.name}: {why}"
        raise ConfigError(msg) from why
    if not isinstance(found, dict):
        msg = f"{path.name}: expected keys and values"
        raise ConfigError(msg)
    return found


def load(path: Path) -> InFile:
    """Read and check one inbound mapping file.

    Raises:
        ConfigError: it says something that the grammar does not allow.
    """
    body = read_yaml(path)
    allowed(path.name, body, FILE_KEYS)
    for needed in ("source", "kind"):
        if needed not in body:
            msg = f"{path.name}: {needed} is missing"
            raise ConfigError(msg)
    if "pending" in body:
        return InFile(source=body["source"], kind=body["kind"], key=body.get("key", ""), pending=body["pending"])
    if "key" not in body:
        msg = f"{path.name}: key is missing"
        raise ConfigError(msg)
    return InFile(
        source=body["source"],
        kind=body["kind"],
        main=body.get("main", ""),
        key=body["key"],
        fills=body.get("fills"),
        each={path: _paths(columns) for path, columns in body.get("each", {}).items()},
        entry=_section(path.name, "entry", {"fields": body["entry"]}) if "entry" in body else None,
        sections=tuple(_sections(path.name, body.get("entities", {}))),
        sets={name: _stated(path.name, name, said) for name, said in body.get("sets", {}).items()},
        ignore=tuple(body.get("ignore", ())),
        lookups=body.get("lookups", {}),
        compare=body.get("compare", {}),
    )


def allowed(where: str, body: Any, keys: set[str]) -> None:
    """Refuse keys that the grammar does not have.

    Raises:
        ConfigError: naming them and what is allowed.
    """
    if not isinstance(body, dict):
        msg = f"{where}: expected keys and values, found {body!r}"
        raise ConfigError(msg)
    unknown = sorted(set(body) - keys)
    if unknown:
        msg = f"{where}: unknown {', '.join(unknown)}; allowed: {', '.join(sorted(keys))}"
        raise ConfigError(msg)


def _sections(where: str, entities: dict[str, Any]) -> list[Section]:
    return [
        _section(where, entity, one)
        for entity, said in entities.items()
        for one in (said if isinstance(said, list) else [said])
    ]


def _section(where: str, entity: str, body: Any) -> Section:
    allowed(f"{where}: {entity}", body, SECTION_KEYS)
    fields = tuple(_field(f"{where}: {entity}.{name}", name, said) for name, said in body["fields"].items())
    return Section(
        entity=entity,
        fields=fields,
        each=body.get("each", ""),
        optional=flag(body.get("optional", "false")),
        unless=_paths(body.get("unless", [])),
        needs=body.get("with", ""),
    )


def _field(where: str, name: str, body: Any) -> Field:
    if isinstance(body, str):
        return Field(name=name, paths=(body,))
    allowed(where, body, FIELD_KEYS)
    if "convert" in body and "lookup" in body:
        msg = f"{where}: convert or lookup, not both"
        raise ConfigError(msg)
    if body.get("on_error", "drop") != "drop":
        msg = f"{where}: on_error can only be drop"
        raise ConfigError(msg)
    return Field(
        name=name,
        paths=_paths(body.get("from", [])),
        convert=body.get("convert", ""),
        lookup=body.get("lookup", ""),
        drop="on_error" in body,
    )


def _stated(where: str, entity: str, body: Any) -> Stated:
    allowed(f"{where}: sets.{entity}", body, {"any", "all"})
    return Stated(any=_paths(body.get("any", [])), all=_paths(body.get("all", [])))


def _paths(said: Any) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def flag(said: str) -> bool:
    """Return a YAML `true` or `false`, which BaseLoader leaves as text.

    Raises:
        ConfigError: it is neither.
    """
    if said not in ("true", "false"):
        msg = f"expected true or false, found {said!r}"
        raise ConfigError(msg)
    return said == "true"
