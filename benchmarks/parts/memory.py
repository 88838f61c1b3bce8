"""Memory of the hub's process: its peak above what its imports took."""

from benchmarks.nights import SMALL, first_night
from benchmarks.rows import Beside, Row, at_most
from benchmarks.stand import Stand

PART = "memory"
MIB = 1 << 20
FIXED = 64 * MIB
A_RECORD = 48


def allowed(records: int) -> int:
    """Bytes that so many source records may take at the peak."""
    return FIXED + A_RECORD * records


def rows(stand: Stand, count: int) -> list[Row]:
    """The first night with two targets at 20 000 products and at the size asked for."""
    found = []
    for products in sorted({min(SMALL, count), count}):
        night = first_night(stand, products)["whole"]
        # A product and its offer are two records.
        limit = Beside("allowed", allowed(2 * products) / MIB, at_most(1.0))
        what = f"memory, first night, {products}"
        found.append(Row(PART, what, "MiB", night.memory / MIB, None, limit))
    return found
