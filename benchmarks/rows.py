"""Rows of the table: the hub beside a peer and a limit, and what is asked of the two ratios."""

from typing import Any, Literal

import msgspec

JUDGED_FROM = 100_000


class Bound(msgspec.Struct, frozen=True):
    """What is asked of a ratio hub ÷ other."""

    sign: Literal["≤", "≥"]
    value: float

    def holds(self, ratio: float) -> bool:
        """Whether a ratio keeps the bound."""
        return ratio <= self.value if self.sign == "≤" else ratio >= self.value

    def __str__(self) -> str:
        return f"{self.sign} {self.value:.3g}"


class Beside(msgspec.Struct, frozen=True):
    """What the hub is compared with, in the row's unit; `bound` None = reported only."""

    name: str
    value: float
    bound: Bound | None = None


class Row(msgspec.Struct, frozen=True):
    """One line.

    Attributes:
        part: of the bench.
        what: is measured.
        unit: of all three figures.
        hub: the hub's figure; None when it was not run (then `note` says why).
        peer: somebody else doing the same job.
        limit: what cannot be beaten, or may not be exceeded.
        judged_from: smallest number of products at which the bounds decide the exit status.
        note: why something is missing, or how the figure came about.
    """

    part: str
    what: str
    unit: str
    hub: float | None
    peer: Beside | None = None
    limit: Beside | None = None
    judged_from: int = 0
    note: str = ""

    def ratio(self, other: Beside | None) -> float | None:
        """Hub ÷ other; None where either is missing."""
        if self.hub is None or other is None:
            return None
        return self.hub / other.value

    def missed(self) -> list[str]:
        """The bounds that do not hold, whether they are judged at this size or not."""
        found = []
        for other in (self.peer, self.limit):
            ratio = self.ratio(other)
            if other is not None and other.bound is not None and ratio is not None and not other.bound.holds(ratio):
                found.append(f"{self.what} ÷ {other.name} is {ratio:.3g}, asked {other.bound}")
        return found

    def verdict(self, products: int) -> str:
        """`met`, `missed`, `not judged below N`, `not run`, or `reported` where nothing is asked."""
        if self.hub is None:
            return "not run"
        if not any(other and other.bound for other in (self.peer, self.limit)):
            return "reported"
        if products < self.judged_from:
            return f"not judged below {self.judged_from:,}".replace(",", " ")
        return "missed" if self.missed() else "met"

    def figures(self, products: int) -> dict[str, Any]:
        """The row as one JSON object."""
        found: dict[str, Any] = {"part": self.part, "what": self.what, "unit": self.unit, "hub": _rounded(self.hub)}
        for name, other in (("peer", self.peer), ("limit", self.limit)):
            if other is not None:
                bound = str(other.bound) if other.bound else None
                ratio = _rounded(self.ratio(other))
                found[name] = {"name": other.name, "value": _rounded(other.value), "ratio": ratio, "asked": bound}
        return found | {"verdict": self.verdict(products), "note": self.note}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def at_most(value: float) -> Bound:
    """The hub needs at most `value` times as much."""
    return Bound("≤", value)


def at_least(value: float) -> Bound:
    """The hub does at least `value` times as much."""
    return Bound("≥", value)
