"""JSON Schema and the field dictionary, made from the entities."""

from __future__ import annotations

from functools import cache

# The field names that refer to an entity of another name than their own.
REFERENCES = {"product": "Product", "sku": "Sku", "price_list": "PriceList", "location": "Location"}
REFERENCES |= {"categories": "Category"}


@cache
def refers_to(entity: str, field: str) -> str | None:
    """Return the entity that a field refers to: `ref` and `parent` their own; None where it is no reference."""
    if field in ("ref", "parent"):
        return entity
    return REFERENCES.get(field)
