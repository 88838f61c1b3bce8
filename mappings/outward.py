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

A snapshot's mapping (a feed) names everything that it reads, so that only that is loaded (`mappings/columns.py`):

parts:
stock: {entity: StockLevel, by: sku, sum: quantity}     # of these rows only the sum of a field is read
siblings: {entity: Sku, by: product, of: product, fields: [variant, name]}   # whole rows, with these fields
fields:
vendor: {from: product.brand, optional: "true"}         # left out when empty; a part's field is its first row's
url: {from: [channel.offer_url, code], convert: url}    # the converter gets the values, in this order
param: {from: [siblings, product.attributes], convert: params}   # a part by its name: its rows

Sources are a root field, `part.field`, `part`, `code`, `document.visible`, `document.gone`, `channel.<option>`, `refs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError
from mappings.columns import Bind, Column, Part, Sent, compiled, names, value_of
from mappings.grammar import allowed, flag, read_yaml

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


Renderer = Callable[..., Any]
RENDERERS: dict[str, Renderer] = {}


def renderer(target: str) -> Callable[[Renderer], Renderer]:
    """Register a converter of one target under its own name: of documents, or of the values that `from` names."""

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
        fields: payload keys.
        renderers: what makes each of them, `(document, refs) -> value`; none where `bind` makes them all.
        columns: what the payload is made of, where the file names all that it reads.
        bind: `(options, refs) -> build`, and `build(code, visible, gone, *columns) -> payload`.
        python: the text of `bind`, for people and tests.
        when: (part, field) that must be there for a root to have such a document; the part "" is the root itself.
    """

    target: str
    document: str
    root: str
    parts: dict[str, Part]
    after: tuple[str, ...]
    fields: tuple[str, ...]
    renderers: tuple[Renderer, ...] = ()
    columns: tuple[Column, ...] = ()
    bind: Bind | None = None
    python: str = ""
    when: tuple[str, str] | None = None

    def render(self, document: Document, refs: Refs) -> dict[str, Any]:
        """Return the payload.

        Raises:
            NotPublishable: the channel cannot show it; says why.
            Waiting: it refers to a document that the target does not hold yet.
        """
        if self.bind is not None:
            values = [value_of(column, self.parts, document.root, document.parts) for column in self.columns]
            build = self.bind(document.channel.options, refs)
            return build(document.code, document.visible, document.gone, *values)
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
    columns: tuple[Column, ...] = ()
    bind, python, renderers = None, "", tuple[Renderer, ...]()
    if all(isinstance(said, str) or "from" in said for said in body["fields"].values()):
        sent = [_sent(path.name, body["target"], name, said) for name, said in body["fields"].items()]
        columns, bind, python = compiled(path.name, body["root"], parts, sent)
    else:
        renderers = tuple(_renderer(path.name, body, name, said) for name, said in body["fields"].items())
    return OutMapping(
        target=body["target"],
        document=body["document"],
        root=body["root"],
        parts=parts,
        after=tuple(body.get("after", ())),
        fields=tuple(body["fields"]),
        renderers=renderers,
        columns=columns,
        bind=bind,
        python=python,
        when=_when(path.name, body["root"], parts, body["when"]) if "when" in body else None,
    )


def _when(where: str, root: str, parts: Mapping[str, Part], said: str) -> tuple[str, str]:
    part, _, field = said.rpartition(".")
    if part and part not in parts:
        msg = f"{where}: when: no part {part!r}"
        raise ConfigError(msg)
    entity = parts[part].entity if part else root
    if field not in names(entity):
        msg = f"{where}: when: {entity} has no field {field!r}"
        raise ConfigError(msg)
    return part, field


def _part(where: str, name: str, body: Any) -> Part:
    allowed(f"{where}: parts.{name}", body, {"entity", "by", "of", "from", "where", "sum", "fields"})
    entity = body.get("entity", "")
    if entity not in ENTITIES:
        msg = f"{where}: parts.{name}: no entity {entity!r}"
        raise ConfigError(msg)
    if ("by" in body) == ("from" in body):
        msg = f"{where}: parts.{name}: by or from, one of them"
        raise ConfigError(msg)
    known = names(entity)
    for field in [*filter(None, [body.get("by"), body.get("sum")]), *body.get("where", {}), *body.get("fields", ())]:
        if field not in known:
            msg = f"{where}: parts.{name}: {entity} has no field {field!r}"
            raise ConfigError(msg)
    return Part(
        entity=entity,
        by=body.get("by", ""),
        of=body.get("of", ""),
        origin=body.get("from", ""),
        where=body.get("where", {}),
        sum=body.get("sum", ""),
        fields=tuple(body.get("fields", ())),
    )


def _sent(where: str, target: str, name: str, said: Any) -> Sent:
    if isinstance(said, str):
        return Sent(name, (said,))
    allowed(f"{where}: fields.{name}", said, {"from", "convert", "optional"})
    sources = (said["from"],) if isinstance(said["from"], str) else tuple(said["from"])
    if "convert" not in said and len(sources) != 1:
        msg = f"{where}: fields.{name}: several sources need a converter"
        raise ConfigError(msg)
    convert = _converter(where, target, name, said["convert"]) if "convert" in said else None
    return Sent(name, sources, convert, flag(said.get("optional", "false")))


def _converter(where: str, target: str, name: str, said: Any) -> Renderer:
    found = RENDERERS.get(f"{target}.{said}")
    if found is None:
        msg = f"{where}: fields.{name}: no converter {said!r} for {target}"
        raise ConfigError(msg)
    return found


def _renderer(where: str, body: dict[str, Any], name: str, said: Any) -> Renderer:
    if isinstance(said, str):
        if said == "code":
            return lambda document, refs: document.code
        if said not in names(body["root"]):
            msg = f"{where}: fields.{name}: {body['root']} has no field {said!r}"
            raise ConfigError(msg)
        return lambda document, refs: getattr(document.root, said)
    allowed(f"{where}: fields.{name}", said, {"convert"})
    return _converter(where, body["target"], name, said.get("convert"))
