"""The feed: the connector's writer and the whole way from the database, beside a plain template."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.measuring import Measured
from benchmarks.nights import expect, hub_night, rounds
from benchmarks.parts.memory import MIB, allowed
from benchmarks.rows import Beside, Row, at_least, at_most
from benchmarks.stand import Stand

PART = "feed"
UNIT = "MB/CPU s"


def rows(stand: Stand, count: int) -> list[Row]:
    """MB a CPU second, imports left out on both sides, and the memory of the delivery."""
    folder = stand.folder / "feed"
    folder.mkdir()
    template = _best(count, lambda: _writer(stand, "template", count, folder))
    connector = _best(count, lambda: _writer(stand, "connector", count, folder))
    delivered = _delivered(stand, count, folder)
    limit, of_whole = (Beside("template", speed(template), at_least(share)) for share in (0.7, 0.25))
    whole = megabytes(delivered) / (delivered.said["cpu"] + delivered.server)
    note = f"{delivered.said['cpu']:.3g} client + {delivered.server:.3g} PostgreSQL CPU s"
    size = Beside("allowed", allowed(2 * count) / MIB, at_most(1.0))
    return [
        Row(PART, "feed, writer", UNIT, speed(connector), None, limit),
        Row(PART, "feed, database → file", UNIT, whole, None, of_whole, 0, note),
        Row(PART, "memory, feed", "MiB", delivered.memory / MIB, None, size),
    ]


def megabytes(measured: Measured) -> float:
    """Size of the file."""
    return int(measured.said["bytes"]) / 1e6


def speed(measured: Measured) -> float:
    """MB a CPU second of the writing process."""
    return megabytes(measured) / float(measured.said["cpu"])


def _best(count: int, work: Callable[[], Measured]) -> Measured:
    return max((work() for _ in range(rounds(count))), key=speed)


def _writer(stand: Stand, tool: str, count: int, folder: Path) -> Measured:
    given = {"tool": tool, "count": count, "folder": str(folder)}
    measured = stand.run("tasks.feed_writer", given, f"feed by {tool}, {count}")
    (folder / {"template": "template.xml", "connector": "feed.xml"}[tool]).unlink()
    return measured


def _delivered(stand: Stand, count: int, folder: Path) -> Measured:
    """The cheapest delivery; each on a copy of the same first night."""
    with stand.night() as night:
        hub_night(stand, night, stand.export(count, 1), targets=True)
        found = []
        for _ in range(rounds(count)):
            with stand.copy(night) as copy:
                given = {"url": copy.url, "landing": str(copy.landing), "folder": str(folder)}
                found.append(stand.run("tasks.feed", given, f"feed from the database, {count}"))
            (folder / "feed.xml").unlink()
            expect(found[-1].said["counts"], offers=count)
    return min(found, key=lambda one: float(one.said["cpu"]) + one.server)
