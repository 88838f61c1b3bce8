"""Letters that are ready, pushed through the shop's connector: what a delivery costs without its database."""

import time
from typing import Any

from benchmarks.tasks.feed_writer import Unpaced
from connectors.protocol import Connection, Done, Letter
from connectors.woocommerce.sink import open_sink


def main(shop: str, count: int, in_flight: int) -> dict[str, Any]:
    """Push updates of `count` products; returns seconds, and how many the shop took."""
    letters = [letter(number) for number in range(1, count + 1)]
    connection = Connection("bench_sink", "woocommerce", host=shop, login="bench", password="bench")
    sink = open_sink(connection, {"in_flight": in_flight}, Unpaced())
    started = time.perf_counter()
    done = sum(isinstance(outcome, Done) for outcome in sink.push("product", letters))
    seconds = time.perf_counter() - started
    sink.close()
    return {"seconds": seconds, "done": done}


def letter(number: int) -> Letter:
    """A product with a new price."""
    payload = {"sku": f"A-{number:06d}", "regular_price": f"{number}.90", "stock_quantity": number % 100}
    return Letter(number, "product", "update", f"A-{number:06d}", payload, target_id=str(number))
