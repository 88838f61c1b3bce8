"""What several parts need: nights of the hub, the floor and the peers at a size, each measured once in a run."""

from collections.abc import Callable
from typing import Any

from benchmarks.environments import interpreter
from benchmarks.generator import Export
from benchmarks.measuring import Measured, least
from benchmarks.stand import Night, Stand

SMALL = 20_000
_ROUNDS = ((30_000, 3), (300_000, 2))


def rounds(count: int) -> int:
    """How often something is measured at this size; the cheapest counts."""
    return next((times for up_to, times in _ROUNDS if count <= up_to), 1)


def first_night(stand: Stand, count: int) -> dict[str, Measured]:
    """`floor`, `core` (no targets) and `whole` (two targets), by turns: a neighbour's load meets all three."""

    def run() -> dict[str, Measured]:
        found: dict[str, list[Measured]] = {"floor": [], "core": [], "whole": []}
        for _ in range(rounds(count)):
            found["floor"].append(_loaded(stand, "tasks.floor", count, "floor"))
            for name in ("core", "whole"):
                with stand.night() as night:
                    found[name].append(hub_night(stand, night, stand.export(count, 1), targets=name == "whole"))
        return {name: least(some) for name, some in found.items()}

    known: dict[str, Measured] = stand.once(("first night", count), run)
    return known


def pandas_copy(stand: Stand, count: int) -> Measured:
    """The same rows by pandas + COPY."""
    found: Measured = stand.once(("pandas", count), lambda: _loaded(stand, "peers.pandas_copy", count, "pandas + COPY"))
    return found


def dlt_merge(stand: Stand, count: int) -> Measured:
    """The same rows by dlt; raises Unavailable."""

    def run() -> Measured:
        with stand.screen.step("environment of dlt"):
            python = interpreter("dlt")
        export = stand.export(count, 1)
        with stand.empty() as url:
            work = stand.folder / "dlt"
            # dlt insists on a host; the socket's folder, named in the query, is what counts.
            address = url.replace("//postgres:@/", "//postgres:none@localhost/")
            command = [str(python), "-m", "benchmarks.peers.dlt_merge", str(export.folder), address, str(work)]
            measured = stand.command(command, f"dlt, {count}")
        expect(measured.said, rows=8 * count)
        return measured

    found: Measured = stand.once(("dlt", count), run)
    return found


def _loaded(stand: Stand, name: str, count: int, label: str) -> Measured:
    folder = str(stand.export(count, 1).folder)
    with stand.empty() as url:
        measured = stand.run(name, {"folder": folder, "url": url}, f"{label}, {count}")
    expect(measured.said, rows=8 * count)
    return measured


def hub_night(stand: Stand, night: Night, export: Export, *, targets: bool) -> Measured:
    """One night of the hub on `night`'s database; it counts only when all went through."""
    label = f"hub{' with targets' if targets else ''}, {export.folder.name}"
    given = {"url": night.url, "landing": str(night.landing), "export": stand.drop(night, export)}
    measured = stand.run("tasks.night", {**given, "trigger": label, "targets": targets}, label)
    expect(measured.said, state="merged", parsed=export.differing + (0 if export.vanished else CONTEXT))
    expect(measured.said["merged"], batches=1)
    if targets:
        expect(measured.said["proof"], unaccounted=0, mismatched=0, held=0, unmerged=0)
    return measured


CONTEXT = 200 + 8 + 3 + 4
"""Groups, properties, price types and stores: records of the first night beside products and offers."""


def repeated(count: int, work: Callable[[], Measured]) -> Measured:
    """The cheapest of as many as this size deserves."""
    return least([work() for _ in range(rounds(count))])


def expect(said: dict[str, Any], **wanted: Any) -> None:
    """A figure counts only when the work was done; raises RuntimeError naming what differs."""
    wrong = {name: said.get(name) for name, value in wanted.items() if said.get(name) != value}
    if wrong:
        message = f"measured something else: {wrong} where {wanted} was expected, of {said}"
        raise RuntimeError(message)
