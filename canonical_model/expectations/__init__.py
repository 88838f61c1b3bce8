"""Bounds of the canonical entities: they live here once, one YAML an entity.

The guard compiles them to vectorised masks for every batch, and to a Great Expectations suite once a nightly table.
`columns` are bounds of a single row: the record that breaks one is parked. `batch` are bounds of a whole batch:
crossing one holds it until a person decides. What a retailer may set differently stands in `landscape.yml`, `guards`.
"""

from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from canonical_model.entities import ENTITIES, fields_of
from canonical_model.errors import ConfigError


class Column(msgspec.Struct, frozen=True):
    """Bounds of one column; None = not bounded.

    Attributes:
        above: the value must be greater.
        at_least, at_most: limits that the value may reach.
        not_blank: a text of blanks alone is refused.
        longest: most characters.
        matches: regular expression for the whole text.
    """

    above: Decimal | None = None
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    not_blank: bool = False
    longest: int | None = None
    matches: str | None = None


class BatchBounds(msgspec.Struct, frozen=True):
    """Bounds of a whole batch for one entity.

    Attributes:
        never_empty: a full export without a single record is held.
        vanished_at_least: below this number of vanished records no share is judged.
        vanished_share: largest share of known records that may vanish in one full export, or that one batch of any kind
            may mark as deleted.
        fewer_than_median: smallest size of a full export, as a share of the median of the last seven.
        changed_share: largest share of known rows whose value changes in one batch.
        changed_at_least: below this number of changed rows no share is judged.
        emptied_share: for rows that are part of a parent: largest share of parents that may lose rows in one batch
            that states their sets whole (every offer with an empty list of prices).
        emptied_at_least: below this number of such parents no share is judged.
        up, down: factor against the row in force at which a single row is parked.
    """

    never_empty: bool = False
    vanished_at_least: int = 20
    vanished_share: Decimal | None = None
    fewer_than_median: Decimal | None = None
    changed_share: Decimal | None = None
    changed_at_least: int = 20
    emptied_share: Decimal | None = None
    emptied_at_least: int = 20
    up: Decimal | None = None
    down: Decimal | None = None


class Expectations(msgspec.Struct, frozen=True):
    """All bounds of one entity; `value` names the column that `up`, `down` and `changed_share` judge."""

    entity: str
    columns: dict[str, Column] = {}
    batch: BatchBounds = BatchBounds()
    value: str | None = None


@cache
def expectations(entity: str) -> Expectations:
    """Return the bounds of an entity, none where it has no file; raises ConfigError naming what is wrong."""
    path = Path(__file__).parent / f"{entity}.yml"
    if not path.exists():
        return Expectations(entity)
    data: dict[str, Any] = yaml.load(path.read_text(encoding="utf8"), Loader=yaml.BaseLoader)  # noqa: S506
    try:
        found = msgspec.convert(data | {"entity": entity}, Expectations, strict=False)
    except (msgspec.ValidationError, InvalidOperation) as error:
        message = f"{path.name}: {error}"
        raise ConfigError(message) from error
    known = {field.name for field in fields_of(ENTITIES[entity])}
    unknown = (set(found.columns) | ({found.value} if found.value else set())) - known
    if unknown:
        message = f"{path.name}: {entity} has no field {', '.join(sorted(unknown))}"
        raise ConfigError(message)
    return found
