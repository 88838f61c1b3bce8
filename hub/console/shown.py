"""What commands print for people: at most 80 columns, and at the end what to do next."""

from typing import Any

from rich.console import Console
from rich.table import Table

Data = dict[str, Any]
COLOURS = {"proven": "green", "proven with gaps": "yellow", "dry run": "cyan", "held": "red", "not proven": "red"}
NEXT = {
    "proven": "",
    "proven with gaps": "All accounted for; `hub proof` says what is parked or refused.",
    "not proven": "`hub proof` says what differs or failed; running the flow again is safe.",
    "held": "A batch waits for a person: `hub status`, then `hub release` or `hub reject`.",
    "dry run": "Nothing was sent. `hub run` without --dry sends it.",
}


def console() -> Console:
    """The terminal; 80 columns when the output is no terminal."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=80)


def stage(name: str, subject: str, counts: Data) -> None:
    """One line a stage while a flow runs."""
    if "error" in counts:
        console().print(f"[red]{name:<10} {subject:<16} {counts['error']}[/red]")
    else:
        console().print(f"{name:<10} {subject:<16} {sentence(counts)}")


def sentence(counts: Data) -> str:
    """`12 read, 3 changed`: the counts that are not zero."""
    parts = [f"{value} {key.replace('_', ' ')}" for key, value in counts.items() if isinstance(value, int) and value]
    return ", ".join(parts) or str(counts.get("verdict", "nothing to do"))


def run(data: Data) -> None:
    """The verdict of a flow, and what to do next."""
    verdict = data["verdict"]
    console().print(f"\nrun {data['run']} of {data['flow']}: [{COLOURS[verdict]}]{verdict}[/]")
    if NEXT[verdict]:
        console().print(NEXT[verdict])


def table(title: str, *columns: str) -> Table:
    """An empty table in the house's style."""
    return Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
