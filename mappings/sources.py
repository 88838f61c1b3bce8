"""The source side of an inbound mapping: which field of the record goes into which slot.

A record is read into a flat list of slots before anything is converted. A slot holds a text (`""` when the field is
absent or empty) or, for a repeated element, a list with one tuple of texts an item (one text where the item has one
column). The parsed path (`walk.py`) and the learned shapes (`shapes.py`) fill the same slots, so what follows cannot
tell them apart.

Paths are written `Цены/Цена`, attributes `БазоваяЕдиница/@Код`, the text of the record's own element `.`. In
`Остатки/Остаток+/Склад` the container repeats too; its items form one list.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from canonical_model.errors import ConfigError


@dataclass
class Node:
    """One element of the source record that the mapping knows.

    Attributes:
        children: known child elements and attributes (`@Код`) by name.
        slot: where its text goes, or None.
        marker: where its mere presence goes, or None.
        repeated: it may occur many times.
        items: when it is a repeated item: where the list goes; its own tree then counts in columns.
        width: number of columns of an item.
        ignored: it and all below it is ignored by name.
    """

    children: dict[str, Node] = field(default_factory=dict)
    slot: int | None = None
    marker: int | None = None
    repeated: bool = False
    items: int | None = None
    width: int = 0
    ignored: bool = False

    def child(self, name: str) -> Node:
        """Return the child of that name, made when it is new."""
        return self.children.setdefault(name, Node())

    def below(self, path: str) -> Node:
        """Return the node at a path below this one."""
        node = self
        for name in path.split("/"):
            if name != ".":
                node = node.child(name)
            if node.ignored:
                msg = f"{path}: {name} is both mapped and ignored"
                raise ConfigError(msg)
        return node


class Source:
    """The tree of known fields of one record kind, and its slots."""

    def __init__(self) -> None:
        self.root = Node()
        self.lists: set[int] = set()
        self.count = 0

    def _new(self) -> int:
        self.count += 1
        return self.count - 1

    def text(self, path: str) -> int:
        """Return the slot of a field that occurs at most once."""
        node = self.root.below(path)
        if node.slot is None:
            node.slot = self._new()
        return node.slot

    def marker(self, path: str) -> int:
        """Return the slot that is not empty when the field is present, even if it is empty."""
        node = self.root.below(path)
        if node.marker is None:
            node.marker = self._new()
        return node.marker

    def items(self, path: str) -> tuple[int, Node]:
        """Return the slot of a repeated field, and its node for its columns."""
        node = self.root.below(path)
        if node.items is None:
            node.items, node.repeated = self._new(), True
            self.lists.add(node.items)
        return node.items, node

    def transparent(self, path: str) -> None:
        """Allow a container on the way to an item to repeat: its items then form one list."""
        self.root.below(path).repeated = True

    def ignore(self, path: str) -> None:
        """Ignore a field, and all below it, by name."""
        node = self.root.below(path)
        if node.slot is not None or node.items is not None or node.children:
            msg = f"{path} is both mapped and ignored"
            raise ConfigError(msg)
        node.ignored = True

    def empty(self) -> list[object]:
        """Return slots for an empty record."""
        return [[] if i in self.lists else "" for i in range(self.count)]


def column(item: Node, path: str) -> int:
    """Return the column of a field within a repeated item, made when it is new."""
    node = item.below(path)
    if node.slot is None:
        node.slot = item.width
        item.width += 1
    return node.slot
