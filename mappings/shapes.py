"""Learned shapes: XML records read from their bytes by one regular expression instead of a parser.

Records of one export look alike. The first record of a shape goes through the parser and the audited walk (`walk.py`);
the order of its elements then becomes one expression for the records after it. The expression matches only known
elements in plain, well-formed order: a comment, CDATA, an unknown element or attribute, another order, another quote
does not match, and the record goes back to the parser. So nothing gets past the audit, and what is read is the same.

Possessive quantifiers keep the match linear. This file is optional: without it everything works, at half the speed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from mappings.sources import Node, Source
from mappings.walk import Element, local

MOST = 32
LONGEST = 1 << 16
SPACE = r"[ \n\t]*+"
TEXT = "[^<]*+"
VALUE = r'[^"<\n\t]*+'
# What lxml refuses and an expression would let through: control characters, U+FFFE and U+FFFF (EF BF BE and BF),
# `]]>` in text.
# A carriage return is legal, but the parser changes it.
CONTROLS = bytes(c for c in range(32) if c not in (9, 10))
ENTITY = re.compile("&([^;&]*);?")
NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Unlearnable(Exception):
    """A record whose shape one expression cannot tell."""


class Shapes:
    """The shapes learned for one record kind; the one that fitted last is tried first."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.learned: list[Shape] = []

    def read(self, body: bytes) -> list[Any] | None:
        """Return the record's slots, or None when no shape fits."""
        shapes = self.learned
        if not shapes:
            return None
        text = plain_text(body)
        if text is None:
            return None
        slots = shapes[0].read(text)
        if slots is not None:
            return slots
        for shape in shapes[1:]:
            slots = shape.read(text)
            if slots is not None:
                shapes.remove(shape)
                shapes.insert(0, shape)
                return slots
        return None

    def learn(self, body: bytes, record: Any, slots: list[Any]) -> None:
        """Learn the shape of a record that the parsed path has read, if it can be read the same way."""
        if len(self.learned) >= MOST or len(body) > LONGEST or not hasattr(record, "attrib"):
            return
        text = plain_text(body)
        if text is None:
            return
        try:
            shape = Shape(self.source, record)
        except Unlearnable:
            return
        if shape.read(text) == slots:
            self.learned.insert(0, shape)


class Shape:
    """One order of elements, as an expression."""

    def __init__(self, source: Source, record: Element) -> None:
        self.groups: list[int] = []
        self.runs: list[tuple[int, int, Callable[[str], list[Any]]]] = []
        written = self._element(record, source.root, captured=True)
        self.match = re.compile(f"{SPACE}{written}{SPACE}").fullmatch
        places = {slot: i for i, slot in enumerate(self.groups)}
        nothing, no_items = len(self.groups), len(self.groups) + 1
        # Lists are filled afterwards; until then their slots hold an empty one.
        order = [no_items if i in source.lists else places.get(i, nothing) for i in range(source.count)]
        self.pick: Callable[[Any], tuple[Any, ...]] = _picker(order)

    def read(self, text: str) -> list[Any] | None:
        """Return the slots of a record of this shape, or None."""
        match = self.match(text)
        if match is None:
            return None
        values = match.groups("")
        slots = list(self.pick((*values, "", [])))
        for slot, group, items in self.runs:
            slots[slot] = items(values[group])
        if "&" in text:
            try:
                resolved(text)  # an entity in a field that is ignored must be well-formed as well
                return self._resolved(slots, values)
            except ValueError:
                return None
        return slots

    def _resolved(self, slots: list[Any], values: tuple[str, ...]) -> list[Any]:
        """Replace entities in the slots that have any; most have none, and lists are dear to walk."""
        slots = [ENTITY.sub(_character, v) if type(v) is str and "&" in v else v for v in slots]
        for slot, group, _ in self.runs:
            if "&" in values[group]:
                slots[slot] = resolved(slots[slot])
        return slots

    def _element(self, element: Element, node: Node, *, captured: bool) -> str:
        """Write the expression of one element; captured texts add their slots to `groups`."""
        name = re.escape(local(element.tag))
        opening = "<" + name
        if node.marker is not None and captured:
            self.groups.append(node.marker)
            opening = f"(<){name}"
        written = opening + "".join(self._attribute(a, node, captured=captured) for a in element.attrib)
        return f"{written}(?: ?/>|>{self._inside(element, node, captured=captured)}</{name}>)"

    def _attribute(self, name: str, node: Node, *, captured: bool) -> str:
        known = node.children.get("@" + name)
        value = VALUE
        if captured and known is not None and known.slot is not None:
            self.groups.append(known.slot)
            value = f"({VALUE})"
        return f'(?: {re.escape(name)}="{value}")?+'

    def _inside(self, element: Element, node: Node, *, captured: bool) -> str:
        children = [child for child in element if isinstance(child.tag, str)]
        if not children:
            if node.slot is not None and captured:
                self.groups.append(node.slot)
                return f"({TEXT})"
            return TEXT if node.ignored or node.slot is not None else SPACE
        parts = [TEXT if node.ignored else SPACE]
        seen: set[str] = set()
        for tag, alike in groupby(children, key=lambda child: local(child.tag)):
            if tag in seen:
                raise Unlearnable
            seen.add(tag)
            parts.append(self._children(list(alike), self._below(node, tag), parts[0], captured=captured))
        return "".join(parts)

    @staticmethod
    def _below(node: Node, tag: str) -> Node:
        return node.children.get(tag) or Node(ignored=True)

    def _children(self, alike: list[Element], node: Node, space: str, *, captured: bool) -> str:
        """Write the expression of neighbours of one name: an optional one, or a run of any number.

        `space`: what may stand between the parent's elements.
        """
        sample = max(alike, key=_size)
        if not (node.repeated or node.ignored):
            return f"(?:{self._element(sample, node, captured=captured)}{space})?+"
        run = f"(?:{self._element(sample, node, captured=False)}{space})*+"
        if not captured or node.ignored:
            return run
        group = len(self.groups)
        self.groups.append(-1)
        for items, one in _items(node, sample):
            if any(slot == items.items for slot, *_ in self.runs):
                raise Unlearnable
            assert items.items is not None
            self.runs.append((items.items, group, self._rows(items, one)))
        return f"({run})"

    def _rows(self, node: Node, sample: Element) -> Callable[[str], list[Any]]:
        """Return what reads the items of a run; columns that the sample lacks are empty."""
        before, self.groups = self.groups, []
        try:
            written = self._element(sample, node, captured=True)
            columns = self.groups
        finally:
            self.groups = before
        for missing in range(node.width):
            if missing not in columns:
                written += "()"
                columns.append(missing)
        findall = re.compile(written).findall
        if columns == sorted(columns):
            return findall
        pick = _picker([columns.index(i) for i in range(node.width)])
        return lambda run: [pick(row) for row in findall(run)]


def _size(element: Element) -> int:
    return 1 + len(element.attrib) + sum(_size(child) for child in element)


def _items(node: Node, sample: Element) -> Iterator[tuple[Node, Element]]:
    """Yield each list that a run holds, with a sample of its items."""
    if node.items is not None:
        yield node, sample
        return
    children = [child for child in sample if isinstance(child.tag, str)]
    for tag, alike in groupby(children, key=lambda child: local(child.tag)):
        below = node.children.get(tag)
        if below is not None and not below.ignored:
            yield from _items(below, max(alike, key=_size))


def _picker(order: list[int]) -> Callable[[Any], tuple[Any, ...]]:
    if len(order) == 1:
        only = order[0]
        return lambda values: (values[only],)
    return itemgetter(*order)


def plain_text(body: bytes) -> str | None:
    """Return a record as text, or None where only the parser may decide: odd characters, bad UTF-8."""
    if len(body.translate(None, CONTROLS)) != len(body):
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    # Looked for in the text, not in its bytes: half the length, and three times as fast.
    return None if "\ufffe" in text or "\uffff" in text or "]]>" in text else text


def resolved(value: Any) -> Any:
    """Replace the entities in a slot's texts as a parser does.

    Raises:
        ValueError: an entity that XML does not know, or a character that it forbids.
    """
    if isinstance(value, str):
        return ENTITY.sub(_character, value) if "&" in value else value
    if isinstance(value, tuple):
        return tuple([resolved(one) for one in value])
    return [resolved(one) for one in value]


def _character(match: re.Match[str]) -> str:
    name = match.group(1)
    if not match.group(0).endswith(";"):
        raise ValueError(match.group(0))
    if name in NAMED:
        return NAMED[name]
    digits = name[1:]
    if name.startswith("#x") and re.fullmatch("[0-9A-Fa-f]{1,6}", name[2:]):
        code = int(name[2:], 16)
    elif name.startswith("#") and digits.isascii() and digits.isdigit() and len(digits) < 8:
        code = int(digits)
    else:
        raise ValueError(match.group(0))
    legal = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    if not legal:
        raise ValueError(match.group(0))
    return chr(code)
