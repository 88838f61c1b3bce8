"""The parsed path: an XML element or a JSON object into slots, with the leftover audit at every depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from mappings.sources import Node, Source


class Element(Protocol):
    """An XML element, as much of it as a mapping reads (lxml's fits)."""

    tag: Any
    text: str | None
    tail: str | None

    @property
    def attrib(self) -> Mapping[Any, Any]:
        """Attributes by name."""

    def __iter__(self) -> Iterator[Any]:
        """Child elements, comments included."""


def local(tag: str) -> str:
    """Return a tag without its namespace."""
    return tag[tag.rfind("}") + 1 :]


def fill(source: Source, record: object) -> tuple[list[Any], list[str]]:
    """Read a parsed record into slots.

    Returns:
        The slots, and the paths of fields that nobody decided about (empty when all is well).
    """
    slots: list[Any] = source.empty()
    left: list[str] = []
    if isinstance(record, Mapping):
        _object(record, source.root, slots, slots, "", left)
    else:
        _element(record, source.root, slots, slots, "", left)  # type: ignore[arg-type]
    return slots, left


def _element(element: Element, node: Node, cells: list[Any], slots: list[Any], path: str, left: list[str]) -> None:
    """Read one element: its text and attributes into `cells`, the lists below it into `slots`."""
    known = node.children
    for name, value in element.attrib.items():
        attribute = known.get("@" + name)
        if attribute is None:
            left.append(f"{path}@{local(name)}")
        elif attribute.slot is not None:
            cells[attribute.slot] = value
    text = element.text or ""
    seen: set[str] = set()
    parent = False
    for child in element:
        if not isinstance(child.tag, str):
            text += child.tail or ""
            continue
        parent = True
        name = local(child.tag)
        below = known.get(name)
        if below is None or (name in seen and not below.repeated and not below.ignored):
            left.append(path + name)
        elif not below.ignored:
            seen.add(name)
            _child(child, below, cells, slots, path + name + "/", left)
        if child.tail:
            text += child.tail
    if node.slot is not None:
        cells[node.slot] = "" if parent and text.isspace() else text
    elif text and not text.isspace():
        left.append(f"{path}text()")


def _child(element: Element, node: Node, cells: list[Any], slots: list[Any], path: str, left: list[str]) -> None:
    """Read a known child: an item gets columns of its own."""
    if node.marker is not None:
        cells[node.marker] = "<"
    if node.items is None:
        _element(element, node, cells, slots, path, left)
        return
    row: list[Any] = [""] * node.width
    _element(element, node, row, slots, path, left)
    slots[node.items].append(tuple(row) if node.width > 1 else row[0])


def _object(
    record: Mapping[str, Any], node: Node, cells: list[Any], slots: list[Any], path: str, left: list[str]
) -> None:
    """Read a JSON object; a list is a repeated element, a list of plain values in a text field is joined by ` | `."""
    for name, value in record.items():
        below = node.children.get(name)
        if below is None:
            left.append(path + name)
        elif not below.ignored:
            _value(value, below, cells, slots, path + name + "/", left)


def _value(value: Any, node: Node, cells: list[Any], slots: list[Any], path: str, left: list[str]) -> None:
    """Read a JSON value into its slot."""
    if node.marker is not None:
        cells[node.marker] = "<"
    if node.items is not None:
        for item in value if isinstance(value, list) else ([] if value is None else [value]):
            row: list[Any] = [""] * node.width
            _inside(item, node, row, slots, path, left)
            slots[node.items].append(tuple(row) if node.width > 1 else row[0])
    else:
        _inside(value, node, cells, slots, path, left)


def _inside(value: Any, node: Node, cells: list[Any], slots: list[Any], path: str, left: list[str]) -> None:
    """Read what stands under a name: an object, a list that was not expected, or a plain value."""
    if isinstance(value, Mapping):
        _object(value, node, cells, slots, path, left)
    elif isinstance(value, list):
        if node.slot is not None and not any(isinstance(one, dict | list) for one in value):
            cells[node.slot] = " | ".join(plain(one) for one in value)
        elif value:
            left.append(path + "[]")
    elif node.slot is not None:
        cells[node.slot] = plain(value)
    elif value not in (None, ""):
        left.append(path.rstrip("/"))


def plain(value: object) -> str:
    """Return a JSON scalar as text: null and absent are empty, booleans `true` and `false`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
