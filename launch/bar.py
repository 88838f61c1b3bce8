"""A progress bar of one line for the time before rich is installed. Standard library only."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable

WIDTH = 24


class Bar:
    """Shows what is going on, how far it is and for how long, on one line of a terminal; two lines elsewhere."""

    def __init__(self, what: str, count: Callable[[], int] | None = None, total: int = 0) -> None:
        self.what, self.count, self.total = what, count, total
        self.live = sys.stdout.isatty()
        self.started = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def __enter__(self) -> "Bar":
        if self.live:
            self._thread.start()
        else:
            print(f"  {self.what} …", flush=True)
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        if self.live:
            self._thread.join()
        mark = "\r\033[K" if self.live else ""
        print(f"{mark}  {self.what}: {time.monotonic() - self.started:.0f} s", flush=True)

    def follow(self, process: "subprocess.Popen[str]") -> str:
        """Wait for a process whose output is piped; returns the output."""
        output, _ = process.communicate()
        return output

    def line(self, done: int, seconds: float) -> str:
        """The bar at `done` of `total`, at most 79 columns."""
        share = min(1.0, done / self.total) if self.total else 0.0
        filled = round(share * WIDTH)
        numbers = f" {done}/{self.total}" if done else " downloading" if self.total else ""
        return f"  {self.what[:24]:<24} [{'#' * filled}{'.' * (WIDTH - filled)}]{numbers} {seconds:4.0f} s"[:79]

    def _draw(self) -> None:
        before = self.count() if self.count else 0
        while not self._over.wait(0.3):
            done = self.count() - before if self.count else 0
            print("\r\033[K" + self.line(done, time.monotonic() - self.started), end="", flush=True)
