"""What several parts need: the hub's nights, the floor and the peers at a size, each measured once in a run."""

from functools import partial
from typing import Any

from benchmarks.measuring import Measured, least
from benchmarks.stand import Stand

SMALL = 20_000
_ROUNDS = ((30_000, 3), (300_000, 2))


def rounds(count: int) -> int:
    """How often something is measured at this size; the cheapest counts."""
    return next((times for up_to, times in _ROUNDS if count <= up_to), 1)


def floor(stand: Stand, count: int) -> Measured:
    """Lxml one-tag iterparse and staged COPY of the first night's rows."""
    return _first(stand, count)["floor"]


def core(stand: Stand, count: int) -> Measured:
    """The hub's first night, land to merge, in a landscape without targets."""
    return _first(stand, count)["core"]


def whole(stand: Stand, count: int) -> Measured:
    """The hub's first night with two targets and the source side of the proof."""
    return _first(stand, count)["whole"]


def pandas_copy(stand: Stand, count: int) -> Measured:
    """Pandas + COPY, once: it costs the most, and a neighbour's load only helps the hub's ratio a little."""
    work = partial(_loaded, stand, "peers.pandas_copy", count, "pandas + COPY")
    found: Measured = stand.once(("pandas", count), work)
    return found


def parse_only(stand: Stand, count: int, day: int) -> Measured:
    """Lxml one-tag iterparse over both files, nothing loaded."""
    folder = str(stand.export(count, day).folder)

    def run() -> Measured:
        label = f"parse everything, {count}"
        return least([stand.run("tasks.floor", {"folder": folder}, label) for _ in range(rounds(count))])

    found: Measured = stand.once(("parse", count, day), run)
    return found


def _first(stand: Stand, count: int) -> dict[str, Measured]:
    """Floor, core and whole by turns, so that a neighbour's load meets all three."""

    def run() -> dict[str, Measured]:
        found: dict[str, list[Measured]] = {"floor": [], "core": [], "whole": []}
        for _ in range(rounds(count)):
            found["floor"].append(_loaded(stand, "tasks.floor", count, "floor"))
            for name in ("core", "whole"):
                found[name].append(hub_night(stand, count, targets=name == "whole"))
        return {name: least(some) for name, some in found.items()}

    known: dict[str, Measured] = stand.once(("first", count), run)
    return known


def _loaded(stand: Stand, name: str, count: int, label: str) -> Measured:
    folder = str(stand.export(count, 1).folder)
    with stand.empty() as url:
        measured = stand.run(name, {"folder": folder, "url": url}, f"{label}, {count}")
    expect(measured.said, rows=8 * count)
    return measured


def hub_night(stand: Stand, count: int, *, targets: bool) -> Measured:
    """One first night of the hub on a fresh database, its counts checked."""
    export = stand.export(count, 1)
    with stand.night() as night:
        given = {"url": night.url, "landing": str(night.landing), "export": stand.drop(night, export)}
        label = f"hub, first night{' with targets' if targets else ''}, {count}"
        measured = stand.run("tasks.night", {**given, "trigger": "day 1", "targets": targets}, label)
    expect(measured.said, state="merged")
    expect(measured.said["merged"], batches=1)
    if targets:
        expect(measured.said["proof"], unaccounted=0, mismatched=0, held=0, unmerged=0)
    return measured


def expect(said: dict[str, Any], **wanted: Any) -> None:
    """A figure counts only when the work was done; raises RuntimeError naming what differs."""
    wrong = {name: said.get(name) for name, value in wanted.items() if said.get(name) != value}
    if wrong:
        message = f"measured something else: {wrong} where {wanted} was expected, of {said}"
        raise RuntimeError(message)
