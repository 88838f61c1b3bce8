"""What `make run` shows: steps and progress bars that fit 80 columns."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

WIDTH = 80
NUMBERS = 17  # columns for the numbers beside a bar
Report = Callable[[int, int], None]


class Screen:
    """One console for the whole launcher; lines only where standard output is not a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.live = self.console.is_terminal
        self.progress: Progress | None = None
        self._bars: dict[str, TaskID] = {}

    def say(self, text: str) -> None:
        """Print one line above the bars."""
        self.console.print(text, soft_wrap=True)

    @contextmanager
    def bars(self) -> Iterator[None]:
        """The time during which bars are shown."""
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<26.26}"),
            BarColumn(bar_width=18),
            TextColumn("{task.fields[numbers]:>17.17}"),
            TimeElapsedColumn(),
        )
        self.progress, self._bars = Progress(*columns, console=self.console, disable=not self.live), {}
        try:
            with self.progress:
                yield
        finally:
            self.progress = None

    def show(self, name: str, done: int, total: int | None, unit: str = "", *, finished: bool = False) -> None:
        """Draw the bar called `name` (made at its first call) at `done` of `total`; no total: it only pulses."""
        if self.progress is None:
            return
        if name not in self._bars:
            self._bars[name] = self.progress.add_task(name, total=None, numbers="")
        numbers = _said(done, total, unit, finished=finished) if done or total else "" if finished else unit
        end = max(done, 1) if finished else total
        self.progress.update(self._bars[name], completed=end if finished else done, total=end, numbers=numbers)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step that has no count."""
        started = time.monotonic()
        self.show(name, 0, None)
        yield
        self.show(name, 0, None, finished=True)
        self._line(name, started)

    @contextmanager
    def bar(self, name: str, unit: str = "") -> Iterator[Report]:
        """A step that reports (done, total)."""
        started = time.monotonic()
        last = [0, 0]
        self.show(name, 0, None, unit)

        def report(done: int, total: int) -> None:
            last[:] = done, total
            self.show(name, done, total, unit)

        yield report
        self.show(name, last[0], last[1] or None, unit, finished=True)
        self._line(name, started, f"{last[0]} {unit}" if last[0] else "")

    def _line(self, name: str, started: float, more: str = "") -> None:
        if not self.live:
            self.say(f"  {name:<26} {time.monotonic() - started:5.1f} s  {more}".rstrip())


def _said(done: int, total: int | None, unit: str, *, finished: bool) -> str:
    """`1 200/2 000`, and only `2 000` at the end; with the unit where there is room for it."""
    said = (f"{done:,}/{total:,}" if total and not finished else f"{done:,}").replace(",", " ")
    return f"{said} {unit}".strip() if len(said) + len(unit) < NUMBERS else said
