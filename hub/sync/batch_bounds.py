"""Bounds of a whole batch: an empty export, one that shrank, too much that vanished or changed. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from statistics import median
from typing import Any

import msgspec

from canonical_model.expectations import BatchBounds, expectations
from hub.landscape.landscape import Landscape


class Reason(msgspec.Struct, frozen=True):
    """Why a batch is held: the bound, what was found, what is allowed, and the sentence for people."""

    bound: str
    found: str
    allowed: str
    text: str


def bounds_of(landscape: Landscape, entity: str) -> BatchBounds:
    """The entity's batch bounds; what the landscape sets stands above the expectation file."""
    base, own = expectations(entity).batch, landscape.guards.get(entity)
    if own is None:
        return base
    set_here = {name: getattr(own, name) for name in own.__struct_fields__}
    return msgspec.structs.replace(base, **{name: value for name, value in set_here.items() if value is not None})


def judge_sizes(
    bounds: BatchBounds, kind: str, counts: Mapping[str, int], before: int, sizes: Iterable[int]
) -> list[Reason]:
    """Judge one record kind of a full export.

    Args:
        bounds: the main entity's bounds.
        kind: the source record kind, for the sentence.
        counts: `batch.counts["kinds"][kind]`.
        before: records in the index before this batch; 0 on the first night.
        sizes: records read in the last merged full exports, newest first.
    """
    read, vanished = counts.get("read", 0), counts.get("vanished", 0)
    reasons = []
    if bounds.never_empty and read == 0:
        reasons.append(Reason("never_empty", "0", "1 or more", f"the full export holds no {kind} at all"))
    if before and bounds.vanished_share is not None and vanished >= bounds.vanished_at_least:
        share = Decimal(vanished) / before
        if share > bounds.vanished_share:
            text = f"{vanished} of {before} {kind} vanished ({share:.0%}); up to {bounds.vanished_share:.0%} may"
            reasons.append(Reason("vanished_share", f"{share:.3f}", str(bounds.vanished_share), text))
    known = list(sizes)[:7]
    if known and bounds.fewer_than_median is not None:
        usual = median(known)
        if read < Decimal(str(usual)) * bounds.fewer_than_median:
            text = f"only {read} {kind}, where the last {len(known)} full exports held about {usual:.0f}"
            reasons.append(Reason("fewer_than_median", str(read), f"{bounds.fewer_than_median} × {usual:.0f}", text))
    return reasons


def judge_changes(bounds: BatchBounds, entity: str, changed: int, known: int) -> list[Reason]:
    """Judge how many known rows of an entity change their value."""
    if not known or bounds.changed_share is None or changed < bounds.changed_at_least:
        return []
    share = Decimal(changed) / known
    if share <= bounds.changed_share:
        return []
    text = f"{changed} of {known} records change their {entity} ({share:.0%}); up to {bounds.changed_share:.0%} may"
    return [Reason("changed_share", f"{share:.3f}", str(bounds.changed_share), text)]


def judge_part(bounds: BatchBounds, kind: str, part: str, read: int, vanished: int, before: int) -> list[Reason]:
    """Judge one part (`prices`, `rests`) of a record kind that the base had, in a full export.

    `read`: its records in this export; `vanished`: those of the base that are not among them; `before`: in the base.
    """
    counts = {"read": read, "vanished": vanished}
    return judge_sizes(bounds, f"{kind} ({part})", counts, before, ()) if before else []


def judge_deactivated(bounds: BatchBounds, entity: str, marked: int, vanished: int, known: int) -> list[Reason]:
    """Judge how many records in force a batch takes out of use.

    Args:
        bounds: of the entity.
        entity: its name, for the sentence.
        marked: records in force that the batch marks as deleted.
        vanished: records in force that a full export no longer holds.
        known: records in force.
    """
    lost = marked + vanished
    if not known or not marked or bounds.vanished_share is None or lost < bounds.vanished_at_least:
        return []
    share = Decimal(lost) / known
    if share <= bounds.vanished_share:
        return []
    said = f" and {vanished} vanished" if vanished else ""
    text = (
        f"{marked} of {known} {entity} are marked as deleted{said} ({share:.0%}); up to {bounds.vanished_share:.0%} may"
    )
    return [Reason("vanished_share", f"{share:.3f}", str(bounds.vanished_share), text)]


def judge_emptied(bounds: BatchBounds, entity: str, parent: str, emptied: int, known: int) -> list[Reason]:
    """Judge how many parents lose rows of a set that the batch states whole (all prices of a SKU)."""
    if not known or bounds.emptied_share is None or emptied < bounds.emptied_at_least:
        return []
    share = Decimal(emptied) / known
    if share <= bounds.emptied_share:
        return []
    text = f"{emptied} of {known} {parent} lose a {entity} ({share:.0%}); up to {bounds.emptied_share:.0%} may"
    return [Reason("emptied_share", f"{share:.3f}", str(bounds.emptied_share), text)]


def as_json(reasons: Iterable[Reason]) -> str:
    """The reasons as the held batch keeps them."""
    return msgspec.json.encode(list(reasons)).decode()


def sentence(reasons: Iterable[Any]) -> str:
    """One line for people."""
    return "; ".join(reason.text for reason in reasons)
