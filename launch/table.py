"""The closing table of `make run`: what moved, what was proven, where to look."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from launch.nightly import DAG_ID, Night
from launch.screen import Screen
from launch.starting import Hub


def show(night: Night, screen: Screen) -> None:
    """Print the table and the verdict."""
    table = Table(box=SIMPLE_HEAD, title=f"{DAG_ID}: {night.seconds:.0f} s", title_justify="left", width=80)
    for column in ("what", "verdict"):
        table.add_column(column)
    table.add_column("counts", ratio=1)
    for proof in night.proofs:
        counts = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in proof["counts"].items() if _counts(n))
        table.add_row(proof["subject"], proof["verdict"], counts)
    if night.proofs:
        screen.console.print(table)
    screen.say(f"Verdict: [bold]{night.verdict or 'none: the run did not come to one'}[/bold]")
    if night.failed:
        screen.say(f"Failed in Airflow: {', '.join(night.failed)}")
    if night.run_id is not None and not night.proven:
        screen.say("What is behind it: .venv/bin/hub proof, .venv/bin/hub quarantine list")


def show_login(hub: Hub, screen: Screen) -> None:
    """Print where Airflow is and how to get in."""
    screen.say(f"\nAirflow: {hub.address}   login: admin   password: {hub.password}")


def _counts(value: object) -> bool:
    """Whether a figure belongs into the table: nothing of what is 0, and no details by kind (`hub proof` has them)."""
    return isinstance(value, int) and value > 0
