"""The `hub` command. Everything behind a command is imported when it is called: `hub --help` answers at once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.console.answers import FINE, LESS, answer, crashed, fail

if TYPE_CHECKING:
    from hub.landscape.hub import Hub

app = typer.Typer(
    name="hub",
    help="One hub between a retailer's systems: what moved, what is owed, and what is proven.",
    epilog="Exit status: 0 proven, or fine; 1 anything less; 2 could not run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
quarantine = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Records that could not go on.")
app.add_typer(quarantine, name="quarantine")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Target = Annotated[str, typer.Argument(help="A target of landscape.yml, such as shop.")]
BatchId = Annotated[int, typer.Argument(help="Number of a held batch; `hub status` lists them.", metavar="BATCH")]


def _hub() -> "Hub":
    from hub.landscape.hub import open_hub

    return open_hub()


def _me() -> str:
    from hub.console.people import this_person

    return this_person()


def _by_verdict(data: dict[str, Any]) -> int:
    return FINE if data["verdict"] in ("proven", "dry run") else LESS


def _by_standing(data: dict[str, Any]) -> int:
    proven = data["runs"] and all(run["verdict"] == "proven" for run in data["runs"])
    return FINE if proven and not data["warnings"] else LESS


@app.command()
def check(as_json: Json = False) -> None:
    """Ask every system, and look whether all is there that a night needs."""
    from hub.console import checks, shown

    answer(as_json, lambda: checks.check(_hub()), shown.checks, lambda data: FINE if data["fine"] else LESS)


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


@app.command()
def status(as_json: Json = False) -> None:
    """Show what is fresh, owed, parked, held and proven."""
    from hub.console import shown
    from hub.console import status as standing

    answer(as_json, lambda: standing.status(_hub()), shown.status, _by_standing)


@app.command()
def preview(
    system: Annotated[str, typer.Argument(help="A system of landscape.yml, or a connector such as commerceml.")],
    files: Annotated[list[Path], typer.Argument(help="Files as the system sends them.")],
    as_json: Json = False,
) -> None:
    """Say what the hub would make of these files. Nothing is written, no database is needed."""
    from hub.console import preview as previewing
    from hub.console import shown

    answer(
        as_json,
        lambda: previewing.preview(system, files),
        shown.preview,
        lambda data: LESS if any(data["quarantined"].values()) else FINE,
    )


@app.command()
def proof(
    run: Annotated[int | None, typer.Argument(help="Number of a run; the last one with a verdict if empty.")] = None,
    as_json: Json = False,
) -> None:
    """Show the evidence behind a run's verdict."""
    from hub.console import runs, shown

    answer(as_json, lambda: runs.proof(_hub(), run), shown.proof, _by_verdict)


@app.command()
def explain(
    sku: Annotated[str, typer.Argument(help="Our code at a target, the source's own id, or an article.")],
    field: Annotated[str | None, typer.Argument(help="What to follow, such as price or name; all if empty.")] = None,
    target: Annotated[str | None, typer.Argument(help="A target; all if empty.")] = None,
    as_json: Json = False,
) -> None:
    """Follow a SKU: source value, mapping, owner, rendering, last push, read-back."""
    from hub.console import explaining, shown

    answer(as_json, lambda: explaining.explain_sku(_hub(), sku, field, target), shown.explain)


@app.command()
def sync(
    sku: Annotated[str, typer.Argument(help="Our code at a target, the source's own id, or an article.")],
    to: Annotated[str, typer.Option("--to", help="A target of landscape.yml.", metavar="TARGET")],
    as_json: Json = False,
) -> None:
    """Send one SKU to one target now."""
    from hub.console import shown, syncing

    answer(
        as_json,
        lambda: syncing.sync_sku(_hub(), sku, to),
        shown.sync,
        lambda data: FINE if data["arrived"] else LESS,
    )


@app.command()
def pause(
    target: Target,
    reason: Annotated[str, typer.Option("--reason", help="Why; whoever finds it tomorrow must know.")],
    as_json: Json = False,
) -> None:
    """Stop deliveries to a target; nothing is lost."""
    from hub.console import pauses, shown

    answer(as_json, lambda: pauses.pause(_hub(), target, _me(), reason), shown.pause)


@app.command()
def resume(target: Target, as_json: Json = False) -> None:
    """Let deliveries to a target go on."""
    from hub.console import pauses, shown

    answer(as_json, lambda: pauses.resume(_hub(), target, _me()), shown.pause)


@app.command()
def release(batch: BatchId, as_json: Json = False) -> None:
    """Let a held batch go on with the next run, in your name."""
    from hub.console import held, shown

    answer(as_json, lambda: held.release(_hub(), batch, _me()), shown.decided)


@app.command()
def reject(batch: BatchId, as_json: Json = False) -> None:
    """Throw a held batch away; its bytes stay in the landing store."""
    from hub.console import held, shown

    answer(as_json, lambda: held.reject(_hub(), batch, _me()), shown.decided)


@quarantine.command("list")
def quarantine_list(
    system: Annotated[str | None, typer.Option("--system", help="Only this system's records.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only records of this kind, such as Товар.")] = None,
    page: Annotated[int, typer.Option("--page", help="100 records a page.")] = 1,
    as_json: Json = False,
) -> None:
    """List parked records and their reasons."""
    from hub.console import quarantine_view, shown

    answer(as_json, lambda: quarantine_view.listed(_hub(), system, kind, page), shown.quarantine)


@quarantine.command("show")
def quarantine_show(
    record: Annotated[int, typer.Argument(help="Number of a parked record.")], as_json: Json = False
) -> None:
    """Show one parked record with its bytes."""
    from hub.console import quarantine_view, shown

    answer(as_json, lambda: quarantine_view.shown(_hub(), record), shown.record)


@quarantine.command("replay")
def quarantine_replay(
    records: Annotated[list[int] | None, typer.Argument(help="Numbers of parked records; all open if empty.")] = None,
    as_json: Json = False,
) -> None:
    """Send parked records through the whole path again, to a verdict."""
    from hub.console import quarantine_view, shown

    report = None if as_json else shown.stage
    answer(
        as_json,
        lambda: quarantine_view.replay_here(_hub(), records or [], _me(), report),
        shown.replay,
        _by_verdict,
    )


def main() -> None:
    """Run the command line; what the user got wrong is answered in the form that they asked for."""
    sys.excepthook = crashed
    try:
        # Not `app(…)`, which puts an excepthook of its own in the place of ours.
        sys.exit(typer.main.get_command(app)(standalone_mode=False))
    except typer._click.exceptions.NoArgsIsHelpError as error:
        sys.stdout.write(f"{error.format_message()}\n")
    except typer._click.exceptions.ClickException as error:
        fail("--json" in sys.argv, f"{error.format_message()}; `hub --help` lists what there is")
    except (typer.Abort, KeyboardInterrupt):
        fail("--json" in sys.argv, "interrupted; nothing is lost, run it again")
