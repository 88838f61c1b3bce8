"""### The whole catalogue, every night at 02:00 Moscow time

1. **land**: take what each source has, as received.
2. **normalise**: map what changed; a record that cannot be understood goes to quarantine, the rest goes on.
3. **guard**: an empty export or a price ×100 stops here. Its batch is *held* until a person decides on the Hub page.
4. **merge**: write what changed, and note what is owed to which target.
5. **deliver**: send each target what it is owed.
6. **prove**: read it back and give the verdict.

Red means that somebody should look: *not proven* (open the Hub page, it says what differs) or *held* (open the Hub
page, read the reasons, press Release or Reject). Clearing a red task is always safe: nothing is sent twice.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task_group
from hub_tasks import TASKS, deliver, guard, land, merge, normalise, prove

from hub.flows.stages import streams, targets, this_landscape

STREAMS, TARGETS = streams(this_landscape(), "catalogue_nightly"), targets(this_landscape())


@dag(
    # No run for a 02:00 that passed before the hub was set up.
    schedule=CronTriggerTimetable("0 2 * * *", timezone="Europe/Moscow", run_immediately=False),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=5),
    default_args=TASKS,
    doc_md=__doc__,
    tags=["hub", "catalogue"],
)
def catalogue_nightly() -> None:
    """Each stream on its own up to the guard, then all together; each target on its own."""

    @task_group
    def take_in(stream: str) -> None:
        land(stream) >> normalise(stream) >> guard(stream)

    take_in.expand(stream=STREAMS) >> merge() >> deliver.expand(target=TARGETS) >> prove()


catalogue_nightly()
