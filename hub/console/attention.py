"""What a person should look at, each in one sentence that ends with what to press."""

from collections.abc import Iterator
from typing import Any

Data = dict[str, Any]


def warnings_of(data: Data) -> list[Data]:
    """Return `{level: red | amber, text, press, link}` for the rows and runs of `status`; red ones first."""
    found = [warning for row in data["rows"] for warning in (*_source(row), *_target(row))]
    found += [warning for run in data["runs"] for warning in _run(run)]
    once = list({warning["text"]: warning for warning in found}.values())
    return sorted(once, key=lambda warning: warning["level"] != "red")


def _warning(level: str, text: str, press: str, link: str) -> Data:
    return {"level": level, "text": text, "press": press, "link": link}


def _source(row: Data) -> Iterator[Data]:
    if row["role"] != "source":
        return
    name = f"{row['system']}/{row['entity']}"
    if row["freshness"] == "dead":
        text = f"{name} is dead: {_since(row)}, expected every {_span(row['fresh_within'])}."
        yield _warning("red", text, "Ask whether its export ran, then test its connection with `hub check`.", "")
    if row["held"]:
        text = f"{name} holds back {_number(row['held'], 'batch', 'batches')}: what came looks wrong."
        yield _warning("red", text, "Open Held, read the reasons, press Release or Reject.", "held")
    if row["quarantined"]:
        text = f"{name} has {_number(row['quarantined'], 'record')} in quarantine."
        press = "Open Quarantine, read the reason, correct the record at its source; Replay tries it again."
        yield _warning("amber", text, press, f"quarantine?system={row['system']}")


def _target(row: Data) -> Iterator[Data]:
    if row["role"] != "target":
        return
    name = f"{row['system']}/{row['entity']}"
    if row.get("paused"):
        text = f"{row['system']} is paused by {row['paused']['by']}: {row['paused']['reason']}."
        yield _warning("amber", text, "Press Resume when the reason is gone.", "")
    if row["refused"]:
        text = f"{name} refused {_number(row['refused'], 'document')}."
        press = "Open Refused, read the reason, correct the record at its source; it is then sent again by itself."
        yield _warning("red", text, press, f"refused?target={row['system']}")
    if row["unknown"]:
        text = f"{name} has not answered for {_number(row['unknown'], 'document')}."
        yield _warning("amber", text, "Nothing to press: the next run asks before it repeats.", "")


def _run(run: Data) -> Iterator[Data]:
    link = f"runs/{run['run']}"
    for stage, why in run["unfinished"].items() if run["verdict"] else ():
        text = f"{run['flow']}: {stage} failed: {why}."
        yield _warning("red", text, "Remove the cause; the next run goes on from here by itself.", link)
    if run["verdict"] == "not proven" and not run["unfinished"]:
        text = f"{run['flow']} is not proven: the two ends differ."
        yield _warning("red", text, "Open the run: it lists what differs; the next run repairs it.", link)


def _since(row: Data) -> str:
    last = row["last_landed"]
    return f"nothing landed since {last[:16].replace('T', ' ')} UTC" if last else "nothing ever landed"


def _span(seconds: int) -> str:
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return _number(seconds // size, unit)
    return _number(seconds, "second")


def _number(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
