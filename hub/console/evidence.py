"""What a proof counted, in an operator's words: what moved, what was read back, left out, or is wrong.

The counts are those of `hub.sync.prove`: a source's have `records`, a target's have `documents`. Pure.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

Counts = Mapping[str, Any]
COLUMNS = ("what", "there", "moved", "read back", "left out")
_UNDER_WAY = ("owed", "unknown", "asked", "waiting", "refused")
# What spoils a verdict, or would if there were more of it.
_WRONG = {
    "held": "held back",
    "dead": "too late",
    "refused_batches": "exports refused",
    "unmerged": "exports not merged",
    "unaccounted": "unaccounted for",
    "mismatched": "rows differ",
    "parked": "in quarantine",
    "refused": "refused",
    "owed": "still owed",
    "unknown": "not answered",
    "asked": "not answered yet",
    "waiting": "waiting for another",
    "missing": "missing there",
    "different": "differ there",
    "strangers": "not ours",
}


class Evidence(NamedTuple):
    """One subject of a proof; numbers are records of a source or documents of a target, None = does not apply."""

    what: str
    there: int | None
    moved: int | str | None
    read_back: int | None
    left_out: int
    wrong: list[str]


def of(subject: str, counts: Counts) -> Evidence:
    """Say what became of `source:erp/catalogue` or `target:shop/product`.

    there: records of the last export, or documents that the target holds. left out: not in this channel, deleted, or
    not publishable; the reasons are in the ledger.
    """
    role, _, name = subject.partition(":")
    wrong = [f"{number(counts[key])} {words}" for key, words in _WRONG.items() if counts.get(key)]
    if counts.get("paused"):
        wrong.append("paused")
    if role == "source":
        kinds = counts.get("kinds", {}).values()
        read = sum(kind.get("read", 0) for kind in kinds)
        return Evidence(f"from {name}", read or None, counts.get("moved"), None, 0, wrong)
    shadow = "shadow" in counts
    if "hidden" in counts:  # one file holds all of it
        moved, there = ("new file" if counts.get("changed") else 0), counts["documents"]
        left_out = counts["hidden"] + counts.get("unpublishable", 0)
    else:
        moved, there = counts.get("changed", 0), counts.get("at_target", 0)
        left_out = counts.get("documents", 0) - there - sum(counts.get(key, 0) for key in _UNDER_WAY)
    return Evidence(f"to {name}", there, moved, None if shadow else counts.get("read_back", 0), max(0, left_out), wrong)


def number(value: int) -> str:
    """`12 340`."""
    return f"{value:,}".replace(",", " ")


def cells(found: Evidence) -> list[str]:
    """What stands under `COLUMNS`; a dash where there is nothing to count."""
    numbers = (found.there, found.moved, found.read_back, found.left_out)
    return [found.what, *(n if isinstance(n, str) else number(n) if n else "–" for n in numbers)]


def sentence(subject: str, counts: Counts) -> str:
    """`984 there, 12 moved, 984 read back, 16 left out`."""
    found = of(subject, counts)
    pairs = (("there", found.there), ("moved", found.moved), ("read back", found.read_back))
    parts = [f"{number(n) if isinstance(n, int) else n} {words}" for words, n in pairs if n]
    parts += [f"{number(found.left_out)} left out"] if found.left_out else []
    return ", ".join(parts + found.wrong) or "nothing came"
