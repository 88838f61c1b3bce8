"""Outbound mappings: one document kind of one target, rendered from canonical rows.

target: woocommerce
document: product
root: Product                    # the entity that the document is made of
when: skus.variant               # only for roots one of whose `skus` has a variant (`when: variant`: that have one)
parts:                           # other rows that it shows
skus: {entity: Sku, by: product}                                   # rows whose `product` is the root
prices: {entity: Price, by: sku, of: skus, where: {price_list: price_list}}   # only the channel's list
categories: {entity: Category, from: categories}                   # rows that a field of the root names
after: [category]                # documents that it refers to
fields:                          # every key is always sent
sku: code                      # the document's code in the shop
name: name                     # a field of the root
type: {convert: product_type}  # computed by a named converter of the target, `(document, refs) -> value`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from canonical_model.entities import ENTITIES, fields_of
from canonical_model.errors import ConfigError
from mappings.grammar import allowed, read_yaml

OUT_KEYS = {"target", "document", "root", "when", "parts", "after", "fields"}


class Refs(Protocol):
    """Knows how the target calls what it already holds."""

    def target_id(self, document: str, hub_id: int) -> str:
        """Return the target's id.

        Raises:
            Waiting: the target does not hold it yet.
        """


class Channel(msgspec.Struct, frozen=True):
    """The target, as the landscape describes it.

    Attributes:
        system: its name in the landscape.
        options: `price_list`, `gone` (hide, zero or delete), `assortment` and whatever else stands there.
    """

    system: str
    options: Mapping[str, Any] = {}


class Document(msgspec.Struct):
    """What one document is rendered from.

    Attributes:
        kind: document kind.
        root: the root row: an object with the entity's field names, references as hub ids, and `hub_id`.
        parts: the declared parts' rows, of the same make.
        code: its unique code in the channel, or None where the document has none.
        channel: the target.
        visible: it is in the channel's assortment.
        gone: it is gone at the source.
    """

    kind: str
    root: Any
    parts: dict[str, list[Any]]
    code: str | None = None
    channel: Channel = Channel("")
    visible: bool = True
    gone: bool = False


class Part(msgspec.Struct, frozen=True):
    """Rows that a document shows beside its root.

    Attributes:
        entity: their canonical entity.
        by: the field of theirs that names the root (or the rows of `of`), or "".
        of: the part whose rows `by` names; "" = the root.
        origin: the field of the root (or of the rows of `of`) that names these rows, or "" (`from` in the file).
        where: field of theirs to option of the channel that it must equal.
    """

    entity: str
    by: str = ""
    of: str = ""
    origin: str = ""
    where: dict[str, str] = {}


Renderer = Callable[[Document, Refs], Any]
RENDERERS: dict[str, Renderer] = {}


def renderer(target: str) -> Callable[[Renderer], Renderer]:
    """Register a converter of one target's documents under its own name."""

    def register(function: Renderer) -> Renderer:
        RENDERERS[f"{target}.{function.__name__}"] = function
        return function

    return register


class OutMapping(msgspec.Struct, frozen=True):
    """How one document kind of a target is made.

    Attributes:
        target: system kind.
        document: document kind.
        root: canonical entity of the root row.
        parts: declared parts by name.
        after: documents that must exist first.
        fields: payload keys, all of them sent each time.
        when: (part, field) that must be there for a root to have such a document; the part "" is the root itself.
    """

    target: str
    document: str
    root: str
    parts: dict[str, Part]
    after: tuple[str, ...]
    fields: tuple[str, ...]
    renderers: tuple[Renderer, ...] = ()
    when: tuple[str, str] | None = None

    def render(self, document: Document, refs: Refs) -> dict[str, Any]:
        """Return the payload.

        Raises:
            NotPublishable: the channel cannot show it; says why.
            Waiting: it refers to a document that the target does not hold yet.
        """
        return {field: make(document, refs) for field, make in zip(self.fields, self.renderers, strict=True)}


def load_out(path: Path) -> OutMapping:
    """Read, check and compile one outbound mapping file.

    Raises:
        ConfigError: it names something that does not exist.
    """
    body = read_yaml(path)
    allowed(path.name, body, OUT_KEYS)
    missing = sorted({"target", "document", "root", "fields"} - set(body))
    if missing:
        msg = f"{path.name}: {', '.join(missing)} missing"
        raise ConfigError(msg)
    if body["root"] not in ENTITIES:
        msg = f"{path.name}: root: no entity {body['root']!r}"
        raise ConfigError(msg)
    parts = {name: _part(path.name, name, said) for name, said in body.get("parts", {}).items()}
    return OutMapping(
        target=body["target"],
        document=body["document"],
        root=body["root"],
        parts=parts,
        after=tuple(body.get("after", ())),
        fields=tuple(body["fields"]),
        renderers=tuple(_renderer(path.name, body, name, said) for name, said in body["fields"].items()),
        when=_when(path.name, body["root"], parts, body["when"]) if "when" in body else None,
    )


def _when(where: str, root: str, parts: Mapping[str, Part], said: str) -> tuple[str, str]:
    part, _, field = said.rpartition(".")
    if part and part not in parts:
        msg = f"{where}: when: no part {part!r}"
        raise ConfigError(msg)
    entity = parts[part].entity if part else root
    if field not in _names(entity):
        msg = f"{where}: when: {entity} has no field {field!r}"
        raise ConfigError(msg)
    return part, field


def _part(where: str, name: str, body: Any) -> Part:
    allowed(f"{where}: parts.{name}", body, {"entity", "by", "of", "from", "where"})
    entity = body.get("entity", "")
    if entity not in ENTITIES:
        msg = f"{where}: parts.{name}: no entity {entity!r}"
        raise ConfigError(msg)
    if ("by" in body) == ("from" in body):
        msg = f"{where}: parts.{name}: by or from, one of them"
        raise ConfigError(msg)
    known = _names(entity)
    for field in [*filter(None, [body.get("by")]), *body.get("where", {})]:
        if field not in known:
            msg = f"{where}: parts.{name}: {entity} has no field {field!r}"
            raise ConfigError(msg)
    return Part(
        entity=entity,
        by=body.get("by", ""),
        of=body.get("of", ""),
        origin=body.get("from", ""),
        where=body.get("where", {}),
    )


def _renderer(where: str, body: dict[str, Any], name: str, said: Any) -> Renderer:
    if isinstance(said, str):
        if said == "code":
            return lambda document, refs: document.code
        if said not in _names(body["root"]):
            msg = f"{where}: fields.{name}: {body['root']} has no field {said!r}"
            raise ConfigError(msg)
        return lambda document, refs: getattr(document.root, said)
    allowed(f"{where}: fields.{name}", said, {"convert"})
    found = RENDERERS.get(f"{body['target']}.{said.get('convert')}")
    if found is None:
        msg = f"{where}: fields.{name}: no converter {said.get('convert')!r} for {body['target']}"
        raise ConfigError(msg)
    return found


def _names(entity: str) -> set[str]:
    return {field.encode_name for field in fields_of(ENTITIES[entity])}
