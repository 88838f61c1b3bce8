r"""Row bounds of canonical_model/expectations, compiled to vectorised masks over columns of text cells.

Cells come as COPY writes them (`\N` = no value, which every bound lets pass: what must be there the mapping demands).
Numbers are compared as floats here: a bound is not money.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from canonical_model.expectations import Column, expectations
from hub.sync.staged import NULL

Mask = npt.NDArray[np.bool_]
Check = Callable[[Sequence[str]], Mask]


def checks_of(entity: str) -> list[tuple[str, str, Check]]:
    """Return (column, what is allowed, check) for each bounded column; a check says which cells break a bound."""
    return [(name, allowed(column), _check(column)) for name, column in expectations(entity).columns.items()]


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
    low = float(column.above if column.above is not None else column.at_least or "-inf")
    high = float(column.at_most or "inf")
    strict = column.above is not None

    def check(cells: Sequence[str]) -> Mask:
        values = np.array(["nan" if cell == NULL else cell for cell in cells], dtype=np.float64)
        bad = (values <= low) if strict else (values < low)
        return np.asarray((bad | (values > high)) & ~np.isnan(values))

    return check


def _textual(column: Column) -> Check:
    pattern = re.compile(column.matches) if column.matches else None
    longest = column.longest

    def broken(cell: str) -> bool:
        if cell == NULL:
            return False
        if (column.not_blank and not cell.strip()) or (longest is not None and len(cell) > longest):
            return True
        return pattern is not None and pattern.fullmatch(cell) is None

    def check(cells: Sequence[str]) -> Mask:
        verdict = {cell: broken(cell) for cell in set(cells)}
        return np.array([verdict[cell] for cell in cells], dtype=bool)

    return check
