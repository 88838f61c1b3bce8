"""Canonical tables, made from the entities: one table an entity, a column a field.

Shapes: `ref` becomes `hub_id` (bigint; integer for dictionaries), a reference becomes the hub id it points to, and each
row carries `version` (number of the merge that last changed it) and `set_run` (the run that did it). All entities of
this step have a single owner, so one `set_run` a row says who and when.
"""

import re
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from canonical_model.entities import ENTITIES, Entity, fields_of

_inspect = msgspec.inspect


def table_name(entity: str) -> str:
    """`StockLevel` → `stock_level`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", entity).lower()


def id_type(entity: str) -> type[TypeEngine[int]]:
    """Dictionaries have 4-byte ids: their columns stand in the largest tables."""
    return Integer if ENTITIES[entity].DICTIONARY else BigInteger


def canonical_tables(metadata: MetaData) -> dict[str, Table]:
    """Make one table for each entity; returns them by entity name."""
    return {name: _table(metadata, name, entity) for name, entity in ENTITIES.items()}


def _table(metadata: MetaData, name: str, entity: type[Entity]) -> Table:
    columns = [_column(name, entity, field) for field in fields_of(entity)]
    columns += [Column("version", Integer, nullable=False), Column("set_run", Integer, nullable=False)]
    table = Table(table_name(name), metadata, *columns)
    for reference, target in entity.REFERS.items():
        # The rows of a product, the prices of a list: documents are put together along these.
        if reference not in entity.KEY[:1] and target in ("Product",):
            Index(f"ix_{table.name}_{reference}", table.c[reference])
    return table


def _column(name: str, entity: type[Entity], field: Any) -> Column[Any]:
    kind, nullable = _bare(field.type)
    if field.name == "ref":
        return Column("hub_id", id_type(name), primary_key=True, autoincrement=False)
    if field.name in entity.REFERS:
        target = id_type(entity.REFERS[field.name])
        many = isinstance(kind, _inspect.VarTupleType)
        column_type: Any = ARRAY(BigInteger) if many else target()
    else:
        column_type = _plain(kind)
    key = field.name in entity.KEY
    return Column(field.name, column_type, primary_key=key, nullable=nullable and not key, autoincrement=False)


def _bare(kind: Any) -> tuple[Any, bool]:
    """Strip metadata and `| None`; returns the type and whether None is allowed."""
    if isinstance(kind, _inspect.Metadata):
        kind = kind.type
    if isinstance(kind, _inspect.UnionType):
        rest = [t for t in kind.types if not isinstance(t, _inspect.NoneType)]
        return _bare(rest[0])[0], len(rest) < len(kind.types)
    return kind, False


def _plain(kind: Any) -> Any:
    plain: dict[type, Any] = {
        _inspect.StrType: Text(),
        _inspect.DecimalType: Numeric(),
        _inspect.BoolType: Boolean(),
        _inspect.DateTimeType: DateTime(timezone=True),
        _inspect.DictType: JSONB(),
        _inspect.VarTupleType: ARRAY(Text),
    }
    return plain[type(kind)]
