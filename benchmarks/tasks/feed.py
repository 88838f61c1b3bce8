"""From the database to the file of the feed, as the hub delivers it."""

import time
from pathlib import Path
from typing import Any

import connectors.yml.sink  # noqa: F401 - opened by name later; what imports take is not the feed's memory
from benchmarks.landscape import FEED, open_bench
from hub.sync.deliver import deliver
from hub.sync.runs import start_run


def main(url: str, landing: str, folder: str) -> dict[str, Any]:
    """Deliver the feed; returns bytes, CPU seconds of this process without its imports, and counts."""
    hub = open_bench(url, landing, landing, targets=True, feed=folder)
    run = start_run(hub, "bench", "feed")
    started = time.process_time()
    counts = deliver(hub, run, FEED)
    cpu = time.process_time() - started
    hub.close()
    return {"bytes": (Path(folder) / "feed.xml").stat().st_size, "cpu": cpu, "counts": counts}
