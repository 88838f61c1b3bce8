"""The second night: 1 % changed, 0.5 % vanished, 0.5 % new; beside a full upsert and beside parsing everything."""

from benchmarks.measuring import Measured
from benchmarks.nights import expect, hub_night, repeated
from benchmarks.rows import JUDGED_FROM, Beside, Row, at_most
from benchmarks.stand import Stand

PART = "second"


def rows(stand: Stand, count: int) -> list[Row]:
    """CPU seconds of the night with two targets, and whether exactly what changed was parsed."""
    night, upsert = _hub(stand, count), _upsert(stand, count)
    folder = {"folder": str(stand.export(count, 2).folder)}
    parse = repeated(count, lambda: stand.run("tasks.floor", folder, f"parse everything, {count}"))
    split = repeated(count, lambda: stand.run("tasks.split", folder, f"split, {count}"))
    export = stand.export(count, 2)
    expect(night.said["total"], vanished=2 * export.vanished)
    return [
        Row(
            PART,
            "second night",
            "CPU s",
            night.cpu,
            Beside("full upsert", upsert.cpu, at_most(1 / 6)),
            Beside("parse everything", parse.cpu, at_most(0.6)),
            JUDGED_FROM,
            f"{night.client:.3g} client + {night.server:.3g} PostgreSQL; with two targets",
        ),
        Row(PART, "second night", "CPU s", night.cpu, None, Beside("split", split.cpu)),
        Row(
            PART,
            "records parsed",
            "",
            float(night.said["parsed"]),
            None,
            Beside("changed or new", float(export.differing), at_most(1.0)),
        ),
    ]


def _hub(stand: Stand, count: int) -> Measured:
    with stand.night() as night:
        hub_night(stand, night, stand.export(count, 1), targets=True)

        def again() -> Measured:
            with stand.copy(night) as copy:
                return hub_night(stand, copy, stand.export(count, 2), targets=True)

        return repeated(count, again)


def _upsert(stand: Stand, count: int) -> Measured:
    """Once: it costs the most."""
    with stand.empty() as url:
        first = {"folder": str(stand.export(count, 1).folder), "url": url, "first": True}
        stand.run("peers.upsert", first, f"upsert, first night, {count}")
        second = {"folder": str(stand.export(count, 2).folder), "url": url, "first": False}
        measured = stand.run("peers.upsert", second, f"full upsert, {count}")
    expect(measured.said, rows=8 * count)
    return measured
