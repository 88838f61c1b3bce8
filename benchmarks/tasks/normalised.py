"""The hub's night up to the guard: land and normalise."""

from typing import Any

from benchmarks.landscape import STREAM, SYSTEM, open_bench
from hub.sync.land import land
from hub.sync.normalise import normalise
from hub.sync.runs import start_run


def main(url: str, landing: str, export: str) -> dict[str, Any]:
    """Take in the export that lies in a folder; returns counts of its records."""
    hub = open_bench(url, landing, export)
    run = start_run(hub, "bench", "normalised")
    land(hub, run, SYSTEM, STREAM)
    counts = normalise(hub, run, SYSTEM, STREAM)
    hub.close()
    return counts
