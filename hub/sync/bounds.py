"""Row bounds of canonical_model/expectations, compiled to vectorised masks over the columns of a chunk of records.

`None` passes every bound: what must be there the mapping demands. Numbers are compared as floats here: a bound is not
money.
"""

import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from canonical_model.entities import ENTITIES, Entity
from canonical_model.expectations import Column, expectations
from mappings.reading import Reading

Mask = npt.NDArray[np.bool_]
Check = Callable[[Sequence[Any]], Mask]


class RowBounds:
    """All row bounds of all entities, ready for chunks of readings."""

    def __init__(self) -> None:
        self.checks = {
            entity: [
                (name, attrgetter(column), column, allowed(bounds), _check(bounds))
                for column, bounds in expectations(name).columns.items()
            ]
            for name, entity in ENTITIES.items()
        }

    def broken(self, readings: Sequence[Reading]) -> dict[int, tuple[str, str]]:
        """Return (field, reason) for each place in `readings` whose record has a row that breaks a bound."""
        found: dict[int, tuple[str, str]] = {}
        places: dict[type[Entity], list[int]] = {entity: [] for entity in self.checks}
        rows: dict[type[Entity], list[Entity]] = {entity: [] for entity in self.checks}
        for place, reading in enumerate(readings):
            for row in reading.entities:
                kind = type(row)
                places[kind].append(place)
                rows[kind].append(row)
        for kind, checks in self.checks.items():
            if not rows[kind]:
                continue
            for name, get, column, words, check in checks:
                values = list(map(get, rows[kind]))
                mask = check(values)
                if mask.any():
                    for at in np.flatnonzero(mask).tolist():
                        reason = f"{column} is {str(values[at])!r}; allowed is {words}"
                        found.setdefault(places[kind][at], (f"{name}.{column}", reason))
        return found


def allowed(column: Column) -> str:
    """The bounds of a column in words."""
    words = [
        f"above {column.above}" if column.above is not None else "",
        f"at least {column.at_least}" if column.at_least is not None else "",
        f"at most {column.at_most}" if column.at_most is not None else "",
        "not blank" if column.not_blank else "",
        f"at most {column.longest} characters" if column.longest is not None else "",
        f"of the form {column.matches}" if column.matches is not None else "",
    ]
    return " and ".join(word for word in words if word)


def _check(column: Column) -> Check:
    if column.above is not None or column.at_least is not None or column.at_most is not None:
        return _numeric(column)
    return _textual(column)


def _numeric(column: Column) -> Check:
    floor = column.above if column.above is not None else column.at_least
    low = float("-inf" if floor is None else floor)
    high = float("inf" if column.at_most is None else column.at_most)
    strict = column.above is not None

    def check(values: Sequence[Any]) -> Mask:
        numbers = np.array(values, dtype=np.float64)
        bad = (numbers <= low) if strict else (numbers < low)
        return np.asarray((bad | (numbers > high)) & ~np.isnan(numbers))

    return check


def _textual(column: Column) -> Check:
    fits = re.compile(column.matches).fullmatch if column.matches else None
    longest, not_blank = column.longest, column.not_blank

    def broken(text: str | None) -> bool:
        if text is None:
            return False
        if (longest is not None and len(text) > longest) or (not_blank and not text.strip()):
            return True
        return fits is not None and fits(text) is None

    def check(values: Sequence[Any]) -> Mask:
        verdict = {value: broken(value) for value in set(values)}
        return np.array([verdict[value] for value in values], dtype=bool)

    return check
