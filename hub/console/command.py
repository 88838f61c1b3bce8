"""The `hub` command. Everything behind a command is imported when it is called: `hub --help` answers at once."""

import sys
from typing import Annotated, Any

import typer

from hub.console.answers import FINE, LESS, answer, fail

app = typer.Typer(
    name="hub",
    help="One hub between a retailer's systems: what moved, what is owed, and what is proven.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def _hub() -> Any:
    from hub.landscape.hub import open_hub

    return open_hub()


@app.command()
def run(
    flow: Annotated[str, typer.Argument(help="catalogue_nightly or prices_stock")],
    dry: Annotated[bool, typer.Option("--dry", help="Send nothing; say what would be sent.")] = False,
    as_json: Json = False,
) -> None:
    """Run a flow here, with the same stages as its DAG, to its verdict."""
    from hub.console import running, shown

    report = None if as_json else shown.stage
    answer(as_json, lambda: running.run_here(_hub(), flow, dry=dry, report=report), shown.run, _by_verdict)


def _by_verdict(data: dict[str, Any]) -> int:
    return FINE if data["verdict"] in ("proven", "dry run") else LESS


def main() -> None:
    """Run the command line; what the user got wrong is answered in the form that they asked for."""
    try:
        app(standalone_mode=False)
    except typer._click.exceptions.ClickException as error:
        fail("--json" in sys.argv, f"{error.format_message()}; `hub --help` lists what there is")
    except typer.Abort:
        fail("--json" in sys.argv, "interrupted; nothing is lost, run it again")
