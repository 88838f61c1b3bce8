"""The hub's night as it runs: land, normalise, guard, merge, and with targets the source side of the proof."""

from typing import Any

import connectors.commerceml.source  # noqa: F401 - opened by name later; what imports take is not the night's memory
from benchmarks.landscape import STREAM, SYSTEM, open_bench
from hub.sync.guard import guard
from hub.sync.land import land
from hub.sync.merge import merge
from hub.sync.normalise import normalise
from hub.sync.runs import start_run
from hub.sync.source_proof import source_counts
from mappings import registry as _mappings  # noqa: F401 - as above


def main(url: str, landing: str, export: str, trigger: str, targets: bool) -> dict[str, Any]:
    """Take in the export that lies in a folder; returns the counts of its batch and what the proof found."""
    hub = open_bench(url, landing, export, targets=targets)
    run = start_run(hub, "bench", trigger)
    land(hub, run, SYSTEM, STREAM)
    normalise(hub, run, SYSTEM, STREAM)
    guard(hub, run, SYSTEM, STREAM)
    merged = merge(hub, run)
    found = {"merged": merged}
    with hub.connect() as connection:
        if targets:
            proof = source_counts(connection, hub.landscape.system(SYSTEM), STREAM)
            found["proof"] = {name: proof[name] for name in ("unaccounted", "mismatched", "held", "unmerged")}
        row = connection.execute("select counts, state from batch order by id desc limit 1").fetchone()
    assert row is not None
    counts, state = row
    hub.close()
    return found | {"state": state, "parsed": counts["parsed"], "total": counts["total"]}
