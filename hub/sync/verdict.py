"""From counts to a verdict: pure rules, and the sentence that states the coverage.

`proven`: all accounted for, what cannot be published included, with its true reason. `proven with gaps`: some parked or
refused, under the bound. `not proven`: something owed, unknown, different, or a dead source. `held`: a person decides.
"""

from collections.abc import Iterable, Mapping

PROVEN = "proven"
GAPS = "proven with gaps"
NOT_PROVEN = "not proven"
HELD = "held"
_ORDER = (PROVEN, GAPS, NOT_PROVEN, HELD)
MOST_PARKED = 0.05
"""Share of a stream's records, or of a target's documents, that may be parked or refused."""

Counts = Mapping[str, int]
_WRONG = ("missing", "different", "strangers", "unread")


def worst(verdicts: Iterable[str]) -> str:
    """The verdict of a run: that of its worst part."""
    return max(verdicts, key=_ORDER.index, default=PROVEN)


def of_source(counts: Counts) -> str:
    """The verdict of one stream, from what `source_proof` counted."""
    if counts["held"]:
        return HELD
    if any(counts[name] for name in ("dead", "unaccounted", "refused_batches", "unmerged", "mismatched")):
        return NOT_PROVEN
    return _by_share(counts["parked"], counts["records"])


def of_target(counts: Counts) -> str:
    """The verdict of one document kind at a target, from its ledger and its read-back."""
    if any(counts.get(name, 0) for name in ("owed", "unknown", "asked", "waiting", *_WRONG)):
        return GAPS if counts.get("paused") and not _differs(counts) else NOT_PROVEN
    return _by_share(counts.get("refused", 0), counts.get("documents", 0))


def _differs(counts: Counts) -> bool:
    return any(counts.get(name, 0) for name in _WRONG)


def _by_share(parked: int, of: int) -> str:
    if not parked:
        return PROVEN
    return GAPS if parked <= MOST_PARKED * of else NOT_PROVEN


def coverage(changed: int, read: int, rest: int, read_of_rest: int, oldest_days: float | None) -> str:
    """`12 340 changed, all read back; 1/14 of the rest; oldest unread 9 days`."""
    said = [f"{_number(changed)} changed, " + ("all read back" if read >= changed else f"{_number(read)} read back")]
    if rest:
        if read_of_rest >= rest:
            said.append(f"all of the other {_number(rest)} too")
        elif read_of_rest:
            said.append(f"1/{max(1, round(rest / read_of_rest))} of the rest")
        else:
            said.append("nothing of the rest")
    if oldest_days is not None and oldest_days >= 1:
        said.append(f"oldest unread {int(oldest_days)} days")
    return "; ".join(said)


def _number(value: int) -> str:
    return f"{value:,}".replace(",", " ")
