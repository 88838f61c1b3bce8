"""The shared bucket: nobody is faster than the vendor allows, however many threads and processes ask."""

import threading
import time

from hub.landscape.pace import DatabasePace


def test_threads_together_keep_the_rate(database):
    pace = DatabasePace(database, "shop", 50.0)
    times: list[float] = []

    def work():
        for _ in range(20):
            pace.take()
            times.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pace.close()
    start = min(times)
    # A full bucket, half a second's worth, may go at once; from then on each second gives fifty, give or take a lump.
    in_any_second = [sum(at <= other < at + 1 for other in times) for at in times]
    assert max(in_any_second) <= 25 + 50 + pace.lump
    later = [count for count, at in zip(in_any_second, times, strict=True) if at - start > 1]
    assert max(later) <= 50 + pace.lump
    assert max(times) - start >= (160 - 25 - pace.lump) / 50


def test_two_processes_share_one_bucket(database):
    first, second = DatabasePace(database, "shop", 20.0), DatabasePace(database, "shop", 20.0)
    start = time.monotonic()
    for _ in range(30):
        first.take()
        second.take()
    first.close()
    second.close()
    assert time.monotonic() - start >= (60 - 10 - 2 * first.lump) / 20


def test_slow_down_holds_everybody(database):
    pace = DatabasePace(database, "shop", 1000.0)
    pace.slow_down(0.5)
    start = time.monotonic()
    pace.take()
    assert time.monotonic() - start >= 0.45
    other = DatabasePace(database, "shop", 1000.0)
    other.take()
    pace.close()
    other.close()
    assert time.monotonic() - start >= 0.45


def test_a_slow_limit_lets_one_request_go_at_once(database):
    pace = DatabasePace(database, "shop", 0.5)
    start = time.monotonic()
    pace.take()
    pace.close()
    assert time.monotonic() - start < 1
