"""Progress on the terminal: a line for each measurement, a bar for each generated export."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn


class Screen:
    """Bars on a terminal, plain lines elsewhere; all on standard error, so that standard output is the result."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Something without a count."""
        with self._progress(what, None):
            yield

    @contextmanager
    def bar(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Something that reports (done, total)."""
        with self._progress(what, 1) as report:
            yield report

    @contextmanager
    def _progress(self, what: str, total: int | None) -> Iterator[Callable[[int, int], None]]:
        columns = (
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description:<44}"),
            BarColumn(bar_width=16),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        started = time.monotonic()
        live = self.console.is_terminal
        with Progress(*columns, console=self.console, disable=not live, transient=True) as progress:
            bar = progress.add_task(what, total=total)
            yield lambda done, whole: progress.update(bar, completed=done, total=whole)
        self.console.print(f"  {what:<46} {time.monotonic() - started:6.1f} s")
