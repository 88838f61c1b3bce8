"""The first night: the hub beside pandas + COPY and the floor."""

from benchmarks.nights import core, floor, pandas_copy, whole
from benchmarks.rows import JUDGED_FROM, Beside, Row, at_most
from benchmarks.stand import Stand

PART = "catalogue"


def rows(stand: Stand, count: int) -> list[Row]:
    """Core, whole, per record at two sizes, and per record beside dlt."""
    of_floor, of_core, of_whole = floor(stand, count), core(stand, count), whole(stand, count)
    pandas = pandas_copy(stand, count)
    return [
        Row(
            PART,
            "first night, core",
            "CPU s",
            of_core.cpu,
            Beside("pandas + COPY", pandas.cpu, at_most(1 / 2)),
            Beside("floor", of_floor.cpu, at_most(1.5)),
            JUDGED_FROM,
            _shares(of_core.client, of_core.server),
        ),
        Row(
            PART,
            "first night, whole",
            "CPU s",
            of_whole.cpu,
            Beside("pandas + COPY", pandas.cpu),
            Beside("floor", of_floor.cpu, at_most(2.0)),
            JUDGED_FROM,
            _shares(of_whole.client, of_whole.server),
        ),
    ]


def _shares(client: float, server: float) -> str:
    return f"{client:.3g} client + {server:.3g} PostgreSQL"
