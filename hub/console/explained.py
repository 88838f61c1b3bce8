"""What `hub explain` prints for people: a page of facts where `--json` has everything."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.markup import escape

Data = dict[str, Any]
Fact = tuple[str, str]


def facts(data: Data, *, record: bool) -> Iterator[str | Fact]:
    """Headings and facts (name, words): where the values came from, then what each target got.

    `record`: with the source record's own text.
    """
    yield from _gap(_entity(row, record=record) for row in data["canonical"])
    for target, documents in data["targets"].items():
        yield from _gap(_document(target, one) for one in documents if one["ledger"]["state"])


def _gap(parts: Iterator[Iterator[str | Fact]]) -> Iterator[str | Fact]:
    for part in parts:
        yield from part
        yield ""


def _entity(row: Data, *, record: bool) -> Iterator[str | Fact]:
    yield f"[bold]{row['entity']}[/bold]"
    for source in row["source"]:
        yield _line("source", f"{source['system']}, {source['id']}")
        if landed := source["record"]:
            yield _line("record", f"{landed['kind']} in {landed['file']}")
            if record:
                yield from (_line("", line) for line in _flush(landed["text"]))
        yield _line("mapping", ", ".join(source["mappings"]))
    yield _line("owner", row["owner"])
    if bounds := row["guard"]["bounds"]:
        yield _line("guard", _pairs(bounds))
    for parked in row["guard"]["parked"]:
        yield _line("parked", f"record {parked['id']}: {parked['reason']}")
    changed = row["set"]
    yield _line("first set", _when(changed))
    for change in changed["changes"]:
        said = ", ".join(f"{name} {change['old'].get(name)} → {value}" for name, value in change["new"].items())
        yield _line("changed", f"{_moment(change['at'])}: {change['entity']} {said}")
    for name, value in row["values"].items():
        for one in value if isinstance(value, list) and value and isinstance(value[0], dict) else [value]:
            yield _line(name, _plain(one))


def _document(target: str, one: Data) -> Iterator[str | Fact]:
    yield f"[bold]to {target}: {one['document']} {escape(one['code'] or '')}[/bold]"
    yield _line("mapping", one["mapping"])
    for name, value in one["rendered"].items():
        yield _line(name, _plain(value))
    ledger, push, back = one["ledger"], one["last_push"], one["read_back"]
    owed = "nothing owed" if ledger["owed"] == ledger["delivered"] else "owed"
    yield _line("state", ", ".join(filter(None, (ledger["state"], owed, ledger["reason"]))))
    if push["target_id"]:
        yield _line("last push", f"{_when(push)}, there called {push['target_id']}")
        yield _line("read back", _when(back) if back["run"] else "not yet")


def _line(name: str, value: str) -> Fact:
    return escape(name), escape(value)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return _pairs(value)
    if isinstance(value, list | tuple):
        return "; ".join(map(_plain, value)) or "–"
    return "–" if value in (None, "") else str(value)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items() if value is not None) or "–"


def _when(fact: Mapping[str, Any]) -> str:
    flow = f" of {fact['flow']}" if fact.get("flow") else ""
    return f"run {fact['run']}{flow}, {_moment(fact['at'])}" if fact.get("run") else "–"


def _moment(text: str | None) -> str:
    return f"{text[:16].replace('T', ' ')} UTC" if text else "–"


def _flush(text: str) -> list[str]:
    """The record's text without the margin that it had in its file."""
    rows = text.expandtabs(2).splitlines()
    margin = min((len(row) - len(row.lstrip()) for row in rows[1:] if row.strip()), default=0)
    return [rows[0], *(row[margin:] for row in rows[1:])] if rows else []
