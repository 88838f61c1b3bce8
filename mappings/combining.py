"""Two records of one batch may state the same entity: a variant as `Товар` and as `Предложение`, a default location."""

from __future__ import annotations

from canonical_model.entities import Entity, fields_of


def combine(first: Entity, second: Entity) -> Entity:
    """Return what both say together: the later record's fields, and the earlier one's where the later says nothing.

    Deletion is the later record's to say.
    """
    if type(first) is not type(second):
        message = f"{type(first).__name__} and {type(second).__name__} are not one entity"
        raise TypeError(message)
    said = {}
    for field in fields_of(type(first)):
        name = field.encode_name
        value = getattr(second, name)
        said[name] = getattr(first, name) if name != "gone" and value in (None, "", (), {}) else value
    return type(first)(**said)
