"""Progress bars while a flow runs here: read from the run's own progress, so that any stage shows itself."""

import threading
from types import TracebackType

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from sqlalchemy import text

from hub.landscape.hub import Hub

LOOK_EVERY_S = 0.5
_UNDER_WAY = text(
    "select stage, done, total from run_progress where run_id = :run and not finished order by updated_at"
)


class Bars:
    """A bar for each stage under way; nothing where the output is no terminal."""

    def __init__(self, hub: Hub, run_id: int) -> None:
        self.hub, self.run_id = hub, run_id
        columns = (TextColumn("{task.description:<24}"), BarColumn(), TextColumn("{task.completed:,.0f}"))
        self.progress = Progress(*columns, TimeElapsedColumn(), transient=True)
        self.bars: dict[str, TaskID] = {}
        self.ended = threading.Event()
        self.looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Bars":
        if self.progress.console.is_terminal:
            self.progress.start()
            self.looking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        if self.looking.is_alive():
            self.looking.join()
        self.progress.stop()

    def _look(self) -> None:
        while not self.ended.wait(LOOK_EVERY_S):
            with self.hub.engine.connect() as connection:
                under_way = {row.stage: row for row in connection.execute(_UNDER_WAY, {"run": self.run_id})}
            for stage in self.bars.keys() - under_way.keys():
                self.progress.remove_task(self.bars.pop(stage))
            for stage, row in under_way.items():
                bar = self.bars.setdefault(stage, TaskID(-1))
                if bar < 0:
                    bar = self.bars[stage] = self.progress.add_task(stage, total=None)
                self.progress.update(bar, completed=row.done, total=row.total)
