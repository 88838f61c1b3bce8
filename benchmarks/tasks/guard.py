"""The guard over a normalised night: its masks alone, or with the Great Expectations suite."""

import importlib
import time
from typing import Any

from benchmarks.landscape import STREAM, SYSTEM, open_bench
from hub.sync.guard import guard
from hub.sync.runs import start_run


def main(url: str, landing: str, thorough: bool) -> dict[str, Any]:
    """Guard the waiting batch; returns CPU seconds of the suite's import and of the judging, and counts of batches."""
    hub = open_bench(url, landing, landing)
    run = start_run(hub, "bench", "guard")
    started = time.process_time()
    if thorough:
        importlib.import_module("hub.sync.quality")
    imported = time.process_time()
    counts = guard(hub, run, SYSTEM, STREAM, thorough=thorough)
    judged = time.process_time()
    hub.close()
    return {"importing": imported - started, "judging": judged - imported, "counts": counts}
