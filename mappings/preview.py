"""The pure part of `hub preview`: what would the hub make of these records? Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from canonical_model.entities import Entity
from canonical_model.errors import MappingError
from canonical_model.references import Ref
from mappings import registry
from mappings.mapping import Parse
from mappings.reading import Context

NO_PRODUCT = "not publishable because its product was not received"
NO_OFFER = "not publishable because it has no offer that the hub could take"


class Record(Protocol):
    """A source record, as connectors cut it."""

    @property
    def kind(self) -> str:
        """The source's own name."""

    @property
    def id(self) -> str:
        """The source's own id."""

    @property
    def body(self) -> bytes:
        """Its bytes."""

    @property
    def gone(self) -> bool:
        """The source marks it as deleted."""


class Preview(msgspec.Struct):
    """What became of the records; for each kind read = mapped + quarantined.

    Attributes:
        read: records by the source's own kind.
        mapped: records with a meaning; deletions and what cannot be published count here.
        quarantined: records without one.
        reasons: sentence to number of records.
        unmapped: path of a field that nobody decided about to number of records.
        entities: canonical entity to number of distinct keys, stubs left out.
    """

    read: dict[str, int]
    mapped: dict[str, int]
    quarantined: dict[str, int]
    reasons: dict[str, int]
    unmapped: dict[str, int]
    entities: dict[str, int]


def preview(system_kind: str, records: Iterable[Record], parse: Parse, context: Context) -> Preview:
    """Map records and count.

    Args:
        system_kind: folder of the mappings.
        records: in the order of their files; reference records before those that need them.
        parse: as for `Mapping.read`.
        context: is filled with the reference records met.

    Raises:
        ConfigError: the system has no mapping for a kind.
    """
    counting = _Counting()
    for record in records:
        counting.add(system_kind, record, parse, context)
    return counting.done()


class _Counting:
    """Counts records, and remembers which products and offers there were."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {
            name: Counter() for name in ("read", "mapped", "quarantined", "reasons", "unmapped")
        }
        self.keys: dict[str, set[tuple[Any, ...]]] = {}
        self.gone: dict[str, set[Ref]] = {}
        self.offers: dict[Ref, Ref] = {}

    def add(self, system_kind: str, record: Record, parse: Parse, context: Context) -> None:
        """Map one record and count it."""
        self.counts["read"][record.kind] += 1
        mapping = registry.inbound(system_kind, record.kind)
        try:
            if mapping.fills:
                key, value = mapping.entry(record.body, parse, context)
                context.tables.setdefault(mapping.fills, {})[key] = value
            reading = mapping.read(record.body, parse, context)
        except MappingError as error:
            self.counts["quarantined"][record.kind] += 1
            self.counts["reasons"][str(error)] += 1
            self.counts["unmapped"].update(f"{record.kind}/{path}" for path in error.unmapped)
            return
        self.counts["mapped"][record.kind] += 1
        for reason in sorted({note.reason for note in reading.notes}):
            self.counts["reasons"][reason] += 1
        deleted = record.gone
        for entity in reading.entities:
            self._keep(entity)
            deleted = deleted or bool(getattr(entity, "gone", False))
        if deleted:
            self.counts["reasons"]["deleted at the source"] += 1

    def _keep(self, entity: Entity) -> None:
        name = type(entity).__name__
        self.keys.setdefault(name, set()).add(tuple(getattr(entity, key) for key in entity.KEY))
        if getattr(entity, "gone", False):
            self.gone.setdefault(name, set()).add(entity.ref)  # type: ignore[attr-defined]
        if name == "Sku":
            self.offers[entity.ref] = entity.product  # type: ignore[attr-defined]

    def done(self) -> Preview:
        """Count what cannot be published for want of its other half; only where products or offers came at all."""
        counts = {name: dict(counted) for name, counted in self.counts.items()}
        products = {key[0] for key in self.keys.get("Product", ())}
        live = products - self.gone.get("Product", set())
        offered = {product for sku, product in self.offers.items() if sku not in self.gone.get("Sku", set())}
        orphans = sum(1 for product in self.offers.values() if product not in products)
        for reason, count in ((NO_PRODUCT, orphans), (NO_OFFER, len(live - offered))):
            if count:
                counts["reasons"][reason] = count
        entities = {name: len(keys) for name, keys in sorted(self.keys.items())}
        return Preview(**counts, entities=entities)
