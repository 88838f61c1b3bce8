"""An inbound mapping: one record kind of one system, compiled from its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError
from mappings.compile import Writer, entities_of
from mappings.faults import Unmapped
from mappings.grammar import InFile
from mappings.reading import Context, Note, Reading
from mappings.shapes import Shapes
from mappings.walk import fill

Parse = Callable[[bytes], Any]


class Mapping:
    """Makes canonical records of one source record kind.

    Attributes:
        kind: the source's own name of the record.
        main: the entity that the record itself is; "" where it only fills a context table.
        entities: all entities that it can yield.
        fills: name of the context table that it fills, or None.
        needs: context tables by which it resolves ids.
        sets: PART_OF entities that it can state as whole sets.
        compare: converter names by top-level field, for the read-back (`view.py`).
    """

    def __init__(self, file: InFile) -> None:
        self.kind = file.kind
        self.main = file.main
        self.fills = file.fills
        self.compare = file.compare
        self.sets = tuple(file.sets)
        self.entities = entities_of(file)
        self.pending = file.pending
        self.needs: tuple[str, ...] = ()
        if file.pending:
            return
        if (file.fills is None) != (file.entry is None):
            msg = f"{file.kind}.in.yml: fills and entry belong together"
            raise ConfigError(msg)
        if file.main and file.main not in ENTITIES:
            msg = f"{file.kind}.in.yml: main: no entity {file.main!r}"
            raise ConfigError(msg)
        self.plan = Writer(file).plan()
        self.needs = self.plan.needs
        self._key = file.key
        self._shapes = Shapes(self.plan.source)

    def read(self, body: bytes, parse: Parse, context: Context) -> Reading:
        """Return what one record means.

        Args:
            body: the record's own bytes, UTF-8, without namespace.
            parse: gives an XML element or a JSON object; called only when no learned shape fits.
            context: tables and options.

        Raises:
            MappingError: it is not clear; names record, field, value and what was allowed.
        """
        if self.pending:
            return Reading([], (), (Note(self.kind, self.pending),))
        return self.plan.build(context, *self._slots(body, parse))  # type: ignore[no-any-return]

    def entry(self, body: bytes, parse: Parse, context: Context) -> tuple[str, Any]:
        """Return (id, value) for the context table that this kind fills.

        Raises:
            MappingError: as `read`.
        """
        if self.pending or self.plan.entry is None:
            msg = f"{self.kind} fills no context table"
            raise ConfigError(msg)
        return self.plan.entry(context, *self._slots(body, parse))  # type: ignore[no-any-return]

    def _slots(self, body: bytes, parse: Parse) -> list[Any]:
        slots = self._shapes.read(body)
        if slots is not None:
            return slots
        record = parse(body)
        slots, left = fill(self.plan.source, record)
        if left:
            raise Unmapped(str(slots[0]), tuple(dict.fromkeys(left)))
        self._shapes.learn(body, record, slots)
        return slots
