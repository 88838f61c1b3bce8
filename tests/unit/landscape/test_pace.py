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
    after_the_burst = [at for at in times if at - start > 1]
    in_any_second = max(sum(at <= other < at + 1 for other in after_the_burst) for at in after_the_burst)
    # A full bucket may go at once; from then on each second gives fifty, give or take a lump.
    assert in_any_second <= 50 + pace.lump
    assert max(times) - start >= (160 - 50 - pace.lump) / 50


def test_two_processes_share_one_bucket(database):
    first, second = DatabasePace(database, "shop", 20.0), DatabasePace(database, "shop", 20.0)
    start = time.monotonic()
    for _ in range(30):
        first.take()
        second.take()
    first.close()
    second.close()
    assert time.monotonic() - start >= (60 - 20 - 2 * first.lump) / 20


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
