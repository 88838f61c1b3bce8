"""The closing table of `make run`: what moved, what was proven, where to look."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from hub.console import evidence
from launch.nightly import DAG_ID, Night
from launch.screen import WIDTH, Screen
from launch.starting import Hub

LEGEND = """moved: new or changed in this run · left out: deleted, not in this channel, or
not publishable (`.venv/bin/hub status` says why)"""


def show(night: Night, screen: Screen) -> None:
    """Print the table and the verdict."""
    title = f"{DAG_ID}: {night.seconds:.0f} s"
    table = Table(
        box=SIMPLE_HEAD, title=title, title_justify="left", width=WIDTH, pad_edge=False, collapse_padding=True
    )
    for name in evidence.COLUMNS:
        table.add_column(name, justify="left" if name == "what" else "right", overflow="fold", no_wrap=name == "what")
    table.add_column("verdict", no_wrap=True)
    found = [(evidence.of(proof["subject"], proof["counts"]), proof["verdict"]) for proof in night.proofs]
    for one, verdict in found:
        table.add_row(*evidence.cells(one), verdict)
    if found:
        screen.console.print(table)
        screen.say(LEGEND)
    for one, _ in found:
        if one.wrong:
            screen.say(f"{one.what}: {', '.join(one.wrong)}")
    screen.say(f"Verdict: [bold]{night.verdict or 'none: the run did not come to one'}[/bold]")
    if night.failed:
        screen.say(f"Failed in Airflow: {', '.join(night.failed)}")
    if night.run_id is not None and not night.proven:
        screen.say("What is behind it: .venv/bin/hub proof, .venv/bin/hub quarantine list")


def show_login(hub: Hub, screen: Screen) -> None:
    """Print where Airflow is and how to get in."""
    screen.say(f"\nAirflow: {hub.address}   login: admin   password: {hub.password}")
