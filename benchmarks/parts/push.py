"""Delivery to a shop that answers after 200 ms: 16 requests in flight beside one at a time, and under a rate limit."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.measuring import ROOT
from benchmarks.nights import expect, hub_night
from benchmarks.rows import Beside, Row, at_least
from benchmarks.stand import Night, Stand

PART = "push"
PRODUCTS = 4_000
BATCH = 100
# Four rounds of 16 batches.
LETTERS = 6_400
LATENCY_MS = 200
IN_FLIGHT = 16
LIMIT = 10


class SlowShop:
    """A running `benchmarks.slow_shop`."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process, self.url = process, f"http://127.0.0.1:{port}"

    def counted(self) -> dict[str, int]:
        """End it; returns what it counted."""
        output, _ = self.process.communicate("")
        found: dict[str, int] = json.loads(output)
        return found


@contextmanager
def slow_shop(latency_ms: float, limit: float = 0) -> Iterator[SlowShop]:
    """A shop in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.slow_shop", str(latency_ms), str(limit)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield SlowShop(process, int(process.stdout.readline()))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def rows(stand: Stand, count: int) -> list[Row]:
    """Documents a second, and requests rejected after the first second; the same size whatever `count` is."""
    with stand.night() as night:
        hub_night(stand, night, stand.export(PRODUCTS, 1), targets=True)
        with slow_shop(0) as shop:
            _deliver(stand, night, shop, "fill the shop", {}, again=False)
        many = _speed(stand, night, IN_FLIGHT)
        one = _speed(stand, night, 1)
        taken = _limited(stand, night)
    sink_many, sink_one = _sink(stand, IN_FLIGHT), _sink(stand, 1)
    limit = BATCH * IN_FLIGHT / (LATENCY_MS / 1000)
    late = f"the shop answers after {LATENCY_MS} ms"
    return [
        Row(
            PART,
            f"push by the connector, {IN_FLIGHT} in flight",
            "documents/s",
            sink_many,
            Beside("one at a time", sink_one, at_least(10)),
            Beside("latency alone", limit),
            note=f"letters are ready; {late}",
        ),
        Row(
            PART,
            f"deliver, {IN_FLIGHT} in flight",
            "documents/s",
            many,
            Beside("one at a time", one, at_least(10)),
            Beside("latency alone", limit),
            note=f"claimed, rendered, pushed, settled; {late}",
        ),
        Row(
            PART,
            "taken after the first second",
            "of all",
            taken,
            None,
            Beside("all", 1.0, at_least(1)),
            note=f"the shop takes {LIMIT} requests a second",
        ),
    ]


def _speed(stand: Stand, night: Night, in_flight: int) -> float:
    """Documents a second."""
    with stand.copy(night) as copy, slow_shop(LATENCY_MS) as shop:
        said = _deliver(stand, copy, shop, f"{in_flight} in flight", {"in_flight": str(in_flight)}, again=True)
        expect(shop.counted(), documents=PRODUCTS, rejected=0)
    return PRODUCTS / float(said["seconds"])


def _sink(stand: Stand, in_flight: int) -> float:
    """Documents a second of the connector alone."""
    with slow_shop(LATENCY_MS) as shop:
        given = {"shop": shop.url, "count": LETTERS, "in_flight": in_flight}
        said = stand.run("tasks.sink", given, f"push {LETTERS}, {in_flight} in flight").said
        expect(said, done=LETTERS)
    return LETTERS / float(said["seconds"])


def _limited(stand: Stand, night: Night) -> float:
    """Share of the requests after the first second that were not answered with 429."""
    paced = {"in_flight": str(IN_FLIGHT), "requests_per_second": str(LIMIT)}
    with stand.copy(night) as copy, slow_shop(LATENCY_MS, LIMIT) as shop:
        _deliver(stand, copy, shop, f"{LIMIT} requests a second", paced, again=True)
        counted = shop.counted()
    expect(counted, documents=PRODUCTS)
    return 1 - counted["late_rejected"] / counted["late"]


def _deliver(
    stand: Stand, night: Night, shop: SlowShop, label: str, options: dict[str, Any], *, again: bool
) -> dict[str, Any]:
    given = {"url": night.url, "landing": str(night.landing), "shop": shop.url, "options": options, "again": again}
    said = stand.run("tasks.push", {**given, "trigger": label}, f"deliver {PRODUCTS}, {label}").said
    if again:
        expect(said["counts"], updated=PRODUCTS)
    return said
