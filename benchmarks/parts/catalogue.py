"""The first night: the hub beside pandas + COPY, dlt and the floor, and how its cost grows."""

from benchmarks.environments import Unavailable
from benchmarks.measuring import Measured
from benchmarks.nights import SMALL, dlt_merge, first_night, pandas_copy
from benchmarks.rows import JUDGED_FROM, Beside, Row, at_most
from benchmarks.stand import Stand

PART = "catalogue"


def rows(stand: Stand, count: int) -> list[Row]:
    """Core and whole in CPU seconds, core in µs a product beside dlt and beside itself at 20 000."""
    large, pandas = first_night(stand, count), pandas_copy(stand, count).cpu
    floor = large["floor"].cpu
    beside = Beside("pandas + COPY", pandas, at_most(1 / 2))
    return [
        _night("core", large["core"], beside, Beside("floor", floor, at_most(1.5))),
        _night("whole", large["whole"], Beside("pandas + COPY", pandas), Beside("floor", floor, at_most(2.0))),
        _growth(stand, count, large["core"].cpu),
        _dlt(stand, count, large["core"].cpu),
    ]


def _night(name: str, night: Measured, peer: Beside, limit: Beside) -> Row:
    note = f"{night.client:.3g} client + {night.server:.3g} PostgreSQL"
    return Row(PART, f"first night, {name}", "CPU s", night.cpu, peer, limit, JUDGED_FROM, note)


def _growth(stand: Stand, count: int, core: float) -> Row:
    small = min(SMALL, count)
    before = first_night(stand, small)["core"].cpu
    limit = Beside(f"at {small}", 1e6 * before / small, at_most(1.3))
    return Row(PART, "core, cost of a product", "µs", 1e6 * core / count, None, limit, JUDGED_FROM)


def _dlt(stand: Stand, count: int, core: float) -> Row:
    what, small = "core, cost of a product", min(SMALL, count)
    try:
        cost = dlt_merge(stand, small).cpu
    except Unavailable as why:
        return Row(PART, f"{what}, beside dlt", "µs", None, note=f"not run: {why}")
    peer = Beside(f"dlt at {small}", 1e6 * cost / small, at_most(1 / 4))
    return Row(PART, what, "µs", 1e6 * core / count, peer, None, JUDGED_FROM)
