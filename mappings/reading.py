"""What a mapping is given beside the record, and what it gives back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping as Dictionary
from typing import Any

import msgspec

from canonical_model.entities import Entity
from canonical_model.references import Ref

NOTHING: tuple[Any, ...] = ()


class Note(msgspec.Struct, frozen=True, gc=False):
    """Something worth saying about a record that was mapped all the same.

    Attributes:
        field: path of the source field.
        reason: a sentence: what was found and what was made of it.
    """

    field: str
    reason: str


class Reading(msgspec.Struct, frozen=True, gc=False):
    """The meaning of one source record.

    Attributes:
        entities: canonical records; one key may come again from another record of the same batch (`combine`).
        sets: PART_OF entities whose whole set this record stated, so that rows not named here are gone.
        notes: remarks; usually none.
    """

    entities: list[Entity]
    sets: tuple[str, ...] = NOTHING
    notes: tuple[Note, ...] = NOTHING


class Context:
    """What a record's meaning depends on beside the record itself.

    Attributes:
        system: the source's name in the landscape; it goes into every Ref.
        tables: context tables by name (`properties`, `units`, `price_types`): source id to entry.
        options: the source's settings in the landscape.
        memory: what converters remember between records; valid as long as the tables do not change.
    """

    __slots__ = ("known", "memory", "options", "system", "tables")

    def __init__(
        self,
        system: str,
        tables: dict[str, dict[str, Any]] | None = None,
        options: Dictionary[str, Any] | None = None,
    ) -> None:
        self.system = system
        self.tables = tables if tables is not None else {}
        self.options: Dictionary[str, Any] = options if options is not None else {}
        self.memory: dict[str, dict[Any, Any]] = defaultdict(dict)
        self.known: dict[str, dict[str, Ref]] = {}

    def refs(self, kind: str) -> dict[str, Ref]:
        """Return the Refs of one kind met so far: price lists, locations and categories come again and again."""
        return self.known.setdefault(kind, {})

    def ref(self, kind: str, source_id: str) -> Ref:
        """Make a Ref, remember it, return it."""
        made = self.refs(kind)[source_id] = Ref(self.system, kind, source_id)
        return made

    def table(self, name: str) -> dict[str, Any]:
        """Return a context table; empty when nothing filled it."""
        return self.tables.get(name) or {}

    def keep(self, name: str, key: Any, value: Any) -> Any:
        """Remember a converter's value between records, and return it; a memory of 50 000 values starts anew."""
        held = self.memory[name]
        if len(held) >= 50_000:
            held.clear()
        held[key] = value
        return value
