"""JSON Schema and the field dictionary, made from the entities."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from canonical_model.entities import ENTITIES, Entity, fields_of

SCALARS: dict[type[msgspec.inspect.Type], str] = {
    msgspec.inspect.StrType: "text",
    msgspec.inspect.DecimalType: "decimal",
    msgspec.inspect.BoolType: "yes or no",
    msgspec.inspect.DateTimeType: "time with zone",
    msgspec.inspect.DictType: "texts by name",
}


@cache
def refers_to(entity: str, field: str) -> str | None:
    """Return the entity that a field refers to: `ref` its own; None where the field is no reference."""
    return entity if field == "ref" else ENTITIES[entity].REFERS.get(field)


def json_schema() -> dict[str, Any]:
    """Return one JSON Schema (2020-12) that defines every entity under `$defs`."""
    _, components = msgspec.json.schema_components(list(ENTITIES.values()), ref_template="#/$defs/{name}")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": dict(sorted(components.items()))}


def field_dictionary() -> str:
    """Return the field dictionary as Markdown: one table an entity."""
    head = "# Field dictionary\n\nGenerated from `canonical_model/entities.py` (`python -m canonical_model.schema`).\n"
    return head + "".join(f"\n{_table(name, entity)}" for name, entity in ENTITIES.items())


def _table(name: str, entity: type[Entity]) -> str:
    about = (entity.__doc__ or "").strip().splitlines()[0]
    lines = [f"## {name}", "", about, "", f"Key: {', '.join(f'`{key}`' for key in entity.KEY)}."]
    if entity.PART_OF:
        lines[-1] += f" Comes as a whole set with its `{entity.PART_OF}`."
    lines += ["", "| field | type | required | meaning |", "|---|---|---|---|"]
    for field in fields_of(entity):
        needed = "yes" if field.required else ""
        lines.append(f"| `{field.encode_name}` | {_type(name, field)} | {needed} | {_meaning(field.type)} |")
    return "\n".join(lines) + "\n"


def _bare(kind: Any) -> Any:
    """Return a type without its description and without the None that it may be."""
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    if isinstance(kind, msgspec.inspect.UnionType):
        return next(_bare(one) for one in kind.types if not isinstance(one, msgspec.inspect.NoneType))
    return kind


def _type(entity: str, field: Any) -> str:
    kind = _bare(field.type)
    refers = refers_to(entity, field.encode_name)
    many = isinstance(kind, msgspec.inspect.VarTupleType)
    if refers is not None:
        return f"reference{'s' if many else ''} to {refers}" if field.encode_name != "ref" else "own reference"
    return "texts" if many else SCALARS[type(kind)]


def _meaning(kind: Any) -> str:
    while isinstance(kind, msgspec.inspect.Metadata):
        if kind.extra_json_schema and "description" in kind.extra_json_schema:
            return str(kind.extra_json_schema["description"])
        kind = kind.type
    return ""


if __name__ == "__main__":
    print(field_dictionary(), end="")  # noqa: T201
