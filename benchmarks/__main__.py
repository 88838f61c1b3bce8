"""`python -m benchmarks`: measure, show, judge. Environment: ROWS (100000), ONLY (a part, or several with commas)."""

import importlib
import os
import signal
import sys

from benchmarks.measuring import Failed
from benchmarks.rows import Row
from benchmarks.screen import Screen
from benchmarks.stand import opened
from benchmarks.table import json_line, show

PARTS = ("catalogue", "second", "memory", "push", "feed", "quality", "start")
ROWS = 100_000


def main() -> int:
    """Return 0 when every judged target is met, 1 when one is missed or something could not be measured."""
    products, parts = chosen(os.environ.get("ROWS", ""), os.environ.get("ONLY", ""))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows: list[Row] = []
    failed: list[str] = []
    with opened(Screen()) as stand:
        for part in parts:
            try:
                rows += importlib.import_module(f"benchmarks.parts.{part}").rows(stand, products)
            except (Failed, RuntimeError) as error:
                failed.append(f"{part}: {error}")
    show(rows, products)
    judged = [line for row in rows if row.verdict(products) == "missed" for line in row.missed()]
    for line in [*judged, *failed]:
        print(f"missed: {line}")
    met = not judged and not failed
    print(json_line(rows, products, met))
    return 0 if met else 1


def chosen(rows: str, only: str) -> tuple[int, list[str]]:
    """Products and parts that the environment asks for; raises SystemExit naming what is allowed."""
    parts = [name.strip() for name in only.split(",") if name.strip()] or list(PARTS)
    unknown = [name for name in parts if name not in PARTS]
    if unknown or (rows and not rows.isdecimal()) or (rows and int(rows) < 1000):
        message = f"ROWS is a number from 1000 ({rows or ROWS}); ONLY is one of {', '.join(PARTS)} ({only or 'all'})"
        raise SystemExit(message)
    return int(rows or ROWS), parts


if __name__ == "__main__":
    sys.exit(main())
