"""What commands print for people: at most 80 columns, and at the end what to do next."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hub.console import evidence, explained

Data = dict[str, Any]
COLOURS = {
    "proven": "green",
    "fresh": "green",
    "proven with gaps": "yellow",
    "dry run": "cyan",
    "held": "red",
    "dead": "red",
    "not proven": "red",
}
NEXT = {
    "proven with gaps": "All accounted for; `hub quarantine list` and the page Refused say what is parked.",
    "not proven": "`hub proof` says what differs or failed; running the flow again is safe.",
    "held": "A batch waits for a person: `hub status`, then `hub release` or `hub reject`.",
    "dry run": "Nothing was sent. `hub run` without --dry sends it.",
}


def say(text: str = "") -> None:
    """Print one paragraph; square brackets in it are colours."""
    console().print(text)


def console() -> Console:
    """The terminal; 80 columns where the output is no terminal."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=80)


def coloured(word: str) -> str:
    """A verdict or a state in its colour; a dash for none."""
    return f"[{COLOURS[word]}]{word}[/]" if word in COLOURS else escape(word or "–")


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table; numbers stand to the right, zero and nothing is a dash."""
    made = Table(box=None, pad_edge=False)
    for name in columns:
        made.add_column(name.removesuffix("#"), justify="right" if name.endswith("#") else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    if made.row_count:
        say(f"[bold]{escape(title)}[/bold]")
        console().print(made)
        say()


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ") if value else "–"
    return coloured(str(value)) if value else "–"


def sentence(counts: Data) -> str:
    """`12 read, 3 changed`: the counts that are not zero."""
    parts = [f"{value} {key.replace('_', ' ')}" for key, value in counts.items() if isinstance(value, int) and value]
    return ", ".join(parts) or str(counts.get("verdict", "nothing to do"))


def short(time: str | None) -> str:
    """`2026-11-23 19:24` of an ISO time (UTC)."""
    return time[:16].replace("T", " ") if time else "never"


def stage(name: str, subject: str, counts: Data) -> None:
    """One line a stage while a flow runs."""
    if "error" in counts:
        say(f"[red]{name:<10} {subject:<14} {escape(counts['error'])}[/red]")
    else:
        say(f"{name:<10} {subject:<14} {escape(sentence(counts))}")


def run(data: Data) -> None:
    """The verdict of a flow, and what to do next."""
    say(f"\nrun {data['run']} of {data['flow']}: {coloured(data['verdict'])}")
    if coverage := data["summary"].get("coverage"):
        say(escape(str(coverage)))
    _next(data["verdict"])


def _next(verdict: str) -> None:
    if verdict in NEXT:
        say(NEXT[verdict])


def replay(data: Data) -> None:
    """The verdict of a replay."""
    say(f"\nrun {data['run']}: {coloured(data['verdict'])}")
    _next(data["verdict"])


def checks(data: Data) -> None:
    """One line a check, the bad ones in red."""
    for found in data["checks"]:
        mark = "[green]ok [/]" if found["ok"] else "[red]BAD[/]"
        say(f"{mark} {escape(found['what'])}: {escape(found['text'])}")
    say("\nAll is there." if data["fine"] else "\nCorrect what is marked BAD, then run `hub check` again.")


def status(data: Data) -> None:
    """Verdicts, sources, targets, and what needs a person."""
    table(
        "Last runs (times are UTC)",
        ("run#", "flow", "started", "verdict", "coverage"),
        ((r["run"], r["flow"], short(r["started_at"]), r["verdict"] or "running", r["coverage"]) for r in data["runs"]),
    )
    table(
        "Sources",
        ("stream", "last landed", "state", "quarantined#", "held#"),
        (
            (f"{r['system']}/{r['entity']}", short(r["last_landed"]), r["freshness"], r["quarantined"], r["held"])
            for r in data["rows"]
            if r["role"] == "source"
        ),
    )
    table(
        "Targets",
        ("document", "there#", "owed#", "refused#", "unknown#", "waiting#", "note"),
        (
            (
                f"{r['system']}/{r['entity']}",
                *(r[k] for k in ("delivered", "owed", "refused", "unknown", "waiting")),
                _note(r),
            )
            for r in data["rows"]
            if r["role"] == "target"
        ),
    )
    table(
        "Left out of a target",
        ("document", "documents#", "because"),
        ((found["document"], found["documents"], found["reason"]) for found in data["left_out"]),
    )
    table(
        "Held batches",
        ("batch#", "stream", "reasons"),
        ((h["batch"], f"{h['system']}/{h['stream']}", _reasons(h["reasons"])) for h in data["held"]),
    )
    for warning in data["warnings"]:
        colour = "red" if warning["level"] == "red" else "yellow"
        say(f"[{colour}]●[/] {escape(warning['text'])} {escape(warning['press'])}")
    if not data["runs"]:
        say("Nothing has run yet: `hub run catalogue_nightly` starts the first run.")
    elif not data["warnings"]:
        say("Nothing needs you.")


def _reasons(reasons: list[Data]) -> str:
    return "; ".join(str(reason.get("text", reason)) for reason in reasons)


def _note(row: Data) -> str:
    return ", ".join(word for word in ("shadow", "paused") if row[word])


def preview(data: Data) -> None:
    """What would be made of the files."""
    table(
        "Records",
        ("kind", "read#", "mapped#", "quarantined#"),
        ((kind, n, data["mapped"].get(kind, 0), data["quarantined"].get(kind, 0)) for kind, n in data["read"].items()),
    )
    table("Entities", ("entity", "records#"), data["entities"].items())
    table("Reasons", ("records#", "reason"), ((count, text) for text, count in data["reasons"].items()))
    table(
        "Fields that nobody decided about", ("records#", "field"), ((n, path) for path, n in data["unmapped"].items())
    )
    say("Nothing was written.")


def proof(data: Data) -> None:
    """The evidence of a run."""
    say(f"run {data['run']} of {data['flow']}, {short(data['started_at'])} UTC: {coloured(data['verdict'])}")
    if data["coverage"]:
        say(escape(data["coverage"]))
    for name, why in data["unfinished"].items():
        say(f"[red]{escape(name)}: {escape(why)}[/red]")
    say()
    found = [(evidence.of(s["subject"], s["counts"]), s["verdict"]) for s in data["subjects"]]
    numbers = (f"{name}#" for name in evidence.COLUMNS[1:])
    table("Evidence", ("what", *numbers, "verdict"), ([*evidence.cells(one), verdict] for one, verdict in found))
    table("What is wrong", ("what", ""), ((one.what, ", ".join(one.wrong)) for one, _ in found if one.wrong))
    for subject in data["subjects"]:
        table(
            f"Differences of {subject['subject']}",
            ("",),
            ((", ".join(f"{k} {v}" for k, v in d.items()),) for d in subject["differences"][:20]),
        )
    _next(data["verdict"])


def quarantine(data: Data) -> None:
    """Parked records by reason, then one by one."""
    table("Reasons", ("records#", "kind", "reason"), ((r["records"], r["kind"], r["reason"]) for r in data["reasons"]))
    table(
        f"Records, page {data['page']} of {data['pages']}",
        ("no.", "kind", "key", "stage", "reason"),
        ((str(r["id"]), r["kind"], r["key"], r["stage"], r["reason"]) for r in data["records"]),
    )
    say("`hub quarantine show NO` shows one with its bytes." if data["records"] else "Quarantine is empty.")


def record(data: Data) -> None:
    """One parked record."""
    say(f"{data['system']}/{data['stream']} {data['kind']} {escape(data['key'])}: {data['state']}")
    say(f"[yellow]{escape(data['reason'])}[/yellow]\n")
    console().print(data["body"], markup=False)
    if data["state"] == "open":
        say(f"\nCorrect it at its source; `hub quarantine replay {data['id']}` tries it again as it is.")


def pause(data: Data) -> None:
    """What a pause or its end means."""
    if data["paused"]:
        say(f"{data['target']} is paused; `hub resume {data['target']}` sends what is owed by then.")
    else:
        say(f"{data['target']} is not paused; the next run sends what is owed.")


def decided(data: Data) -> None:
    """What a decision about a held batch means."""
    after = "the next run sends it on" if data["state"] == "released" else "a newer full export takes its place"
    say(f"batch {data['batch']} is {data['state']}; {after}.")


def explain(data: Data) -> None:
    """The way of one SKU's fields; with the source's own words where one field was asked for."""
    for fact in explained.facts(data, record=bool(data["field"])):
        if isinstance(fact, str):
            say(fact)
            continue
        line = Table.grid(padding=(0, 1))
        line.add_column(width=14, overflow="fold")
        line.add_column(overflow="fold")
        line.add_row(*fact)
        console().print(line)
    if not data["field"]:
        say(f"`hub explain {escape(data['number'])} price shop` follows one field; --json has it all.")


def sync(data: Data) -> None:
    """What became of one SKU's documents."""
    rows = data["documents"]
    table(
        f"{data['sku']} at {data['target']}" + ("" if data["deliver"] == "live" else f" ({data['deliver']})"),
        ("document", "there called", "last delivered (UTC)", "state"),
        ((r["document"], r["target_id"], short(r["delivered_at"]), _standing(r)) for r in rows),
    )
    if data["arrived"]:
        say(f"It is at {data['target']}; the next run reads it back.")
    else:
        say("It has not arrived." if rows else f"Nothing of it belongs at {data['target']} yet: run the flow first.")


def _standing(row: Data) -> str:
    state = "" if row["state"] == "idle" else row["state"]
    return ", ".join(filter(None, ("owed" if row["owed"] else "sent", state, row["reason"])))
