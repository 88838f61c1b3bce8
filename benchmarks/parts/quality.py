"""The guard's thorough pass: Great Expectations over a whole night, beside the masks that every batch goes through."""

from benchmarks.measuring import Measured
from benchmarks.nights import expect
from benchmarks.parts.memory import MIB
from benchmarks.rows import Beside, Row
from benchmarks.stand import Night, Stand

PART = "quality"


def rows(stand: Stand, count: int) -> list[Row]:
    """CPU seconds and memory of the guard with the suite, beside the same without; nothing is asked of them."""
    with stand.night() as night:
        given = {"url": night.url, "landing": str(night.landing), "export": stand.drop(night, stand.export(count, 1))}
        expect(stand.run("tasks.normalised", given, f"land and normalise, {count}").said, quarantined=0)
        masks, suite = _guarded(stand, night, thorough=False), _guarded(stand, night, thorough=True)
    said = suite.said
    note = f"{said['importing']:.3g} importing, {said['judging']:.3g} judging, {suite.server:.2g} PostgreSQL"
    what = "guard with Great Expectations"
    return [
        Row(PART, what, "CPU s", suite.cpu, Beside("masks alone", masks.cpu), note=note),
        Row(PART, f"memory, {what}", "MiB", suite.memory / MIB, Beside("masks alone", masks.memory / MIB)),
    ]


def _guarded(stand: Stand, night: Night, *, thorough: bool) -> Measured:
    with stand.copy(night) as copy:
        given = {"url": copy.url, "landing": str(copy.landing), "thorough": thorough}
        measured = stand.run("tasks.guard", given, f"guard, {'Great Expectations' if thorough else 'masks'}")
    expect(measured.said["counts"], guarded=1, parked=0)
    return measured
