"""### Prices and stock by day, every 15 minutes

The same six steps as `catalogue_nightly`, for whatever the sources have brought since: mostly prices and stock.
The bounds of the guard hold here too; the slow checks with Great Expectations are left to the night.

Red means that somebody should look: *not proven* or *held*; the Hub page says what to press. One red run at noon
that is followed by green ones needs nobody: what was owed has been sent since.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task_group
from hub_tasks import TASKS, deliver, guard, land, merge, normalise, prove

from hub.flows.stages import streams, targets, this_landscape

STREAMS, TARGETS = streams(this_landscape(), "prices_stock"), targets(this_landscape())


@dag(
    # Not for the quarter of an hour that passed before the hub was set up.
    schedule=CronTriggerTimetable("5-59/15 * * * *", timezone="Europe/Moscow", run_immediately=False),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=30),
    default_args=TASKS,
    doc_md=__doc__,
    tags=["hub", "catalogue"],
)
def prices_stock() -> None:
    """Each stream on its own up to the guard, then all together; each target on its own."""

    @task_group
    def take_in(stream: str) -> None:
        land(stream) >> normalise(stream) >> guard(stream)

    take_in.expand(stream=STREAMS) >> merge() >> deliver.expand(target=TARGETS) >> prove()


prices_stock()
