"""What the hub owes the shop, delivered as it runs; timed from the first claim to the last settlement."""

import time
from typing import Any

import connectors.woocommerce.sink  # noqa: F401 - opened by name later; what imports take is not the delivery's memory
from benchmarks.landscape import SHOP, open_bench
from hub.sync.deliver import deliver
from hub.sync.runs import start_run


def main(url: str, landing: str, shop: str, trigger: str, options: dict[str, Any], again: bool) -> dict[str, Any]:
    """Deliver; with `again` every product that the shop holds is owed anew first. Returns seconds and counts."""
    hub = open_bench(url, landing, landing, targets=True, shop=shop, options=options)
    run = start_run(hub, "bench", trigger)
    if again:
        with hub.connect() as connection:
            connection.execute(
                "update delivery set owed = owed + 1, delivered_digest = null where target_id is not null "
                "and code is not null and document in (select document from delivery group by 1 having count(*) > 1000)"
            )
    started = time.perf_counter()
    counts = deliver(hub, run, SHOP)
    seconds = time.perf_counter() - started
    hub.close()
    return {"seconds": seconds, "counts": counts}
