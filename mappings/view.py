"""What a payload and the record read back have in common: canonical bytes, equal when the shop holds what we sent.

Each field that we send has a normaliser, named under `compare` in the inbound mapping of the document. It takes away
only what vendors change by themselves: `10` and `10.00`, paragraphs around a description, the order of terms.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from canonical_model.errors import ConfigError
from mappings.mapping import Mapping as InMapping
from mappings.walk import Element, local, plain

Normaliser = Callable[[Any], Any]
NORMALISERS: dict[str, Normaliser] = {}

_TAG = re.compile(r"<[^>]*>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# Woo puts a product without categories into its default one, which nobody sent.
DEFAULT_CATEGORIES = frozenset({"uncategorized", "bez-kategorii"})
ATTRIBUTES = frozenset({"id", "available", "type", "group_id", "bid", "cbid"})


def view(mapping: InMapping, fields: Iterable[str], record: object) -> bytes:
    """Return the canonical bytes of the fields that are sent.

    Args:
        mapping: the document's inbound mapping.
        fields: the payload's keys (`OutMapping.fields`).
        record: a payload, a JSON object read back, or a parsed element.

    Raises:
        ConfigError: a field is sent that `compare` does not name.
    """
    said = record if isinstance(record, Mapping) else payload_of(record)  # type: ignore[arg-type]
    made = {}
    for field in _sorted(tuple(fields)):
        if field not in mapping.compare:
            message = f"{mapping.kind}.in.yml: compare: {field} is sent but not compared"
            raise ConfigError(message)
        made[field] = NORMALISERS[mapping.compare[field]](said.get(field))
    return msgspec.json.encode(made)


@lru_cache(maxsize=64)
def _sorted(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(fields))


def payload_of(element: Element) -> dict[str, Any]:
    """Return a YML element as the payload it was written from: a repeated name as a list, `param` as pairs."""
    made: dict[str, Any] = {local(name): value for name, value in element.attrib.items()}
    children = [child for child in element if isinstance(child.tag, str)]
    for child in children:
        name = local(child.tag)
        value: Any = child.text or ""
        if name == "param":
            value = tuple(filter(None, (child.attrib.get("name", ""), value, child.attrib.get("unit"))))
        made.setdefault(name, []).append(value)
    if not children:
        made["name"] = element.text or ""
    return {name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in made.items()}


def normaliser(function: Normaliser) -> Normaliser:
    """Register a normaliser under its name without the trailing underscore."""
    NORMALISERS[function.__name__.rstrip("_")] = function
    return function


@normaliser
def text(value: Any) -> str:
    """Text with single spaces; null, absent and empty are one."""
    return " ".join(_ILLEGAL.sub("", plain(value)).split())


@normaliser
def markup(value: Any) -> str:
    """The words of a text that the shop may wrap in HTML, strip of tags or escape."""
    return _words(plain(value))


@lru_cache(maxsize=4096)
def _words(said: str) -> str:
    """Names of attributes and their options come again with every product."""
    return " ".join(html.unescape(_TAG.sub(" ", _ILLEGAL.sub("", said))).split())


@normaliser
def number(value: Any) -> str:
    """A number or nothing: `10`, `10.00` and 10 are one."""
    word = plain(value).strip()
    try:
        return format(Decimal(word).normalize(), "f") if word else ""
    except InvalidOperation:
        return word


@normaliser
def texts(value: Any) -> list[str]:
    """A list of texts in any order; one text is a list of one."""
    items = value if isinstance(value, list | tuple) else [value]
    return sorted(filter(None, (text(item) for item in items)))


@normaliser
def ids(value: Any) -> list[int]:
    """Ids of terms, without the category that the shop itself gives."""
    return sorted({int(item["id"]) for item in value or [] if item.get("slug") not in DEFAULT_CATEGORIES})


@normaliser
def attributes(value: Any) -> list[list[Any]]:
    """Woo's attributes of a product: by name, values in any order."""
    made = [
        [markup(one["name"]), bool(one["visible"]), bool(one["variation"]), sorted({markup(o) for o in one["options"]})]
        for one in value or []
    ]
    return sorted(made)


@normaliser
def options(value: Any) -> list[list[str]]:
    """Woo's attributes of a variation: name and value."""
    return sorted([markup(one["name"]), markup(one["option"])] for one in value or [])


@normaliser
def params(value: Any) -> list[list[str]]:
    """YML's `param`: name, value and unit; a payload may have them by name."""
    if isinstance(value, dict):
        value = list(value.items())
    rows = value if isinstance(value, list) else [value] if value else []
    return sorted([text(cell) for cell in row] for row in rows)
