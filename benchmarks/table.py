"""The closing table, 80 columns wide, and the same figures as one JSON line."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Beside, Row

WIDTH = 80


def show(rows: Sequence[Row], products: int, console: Console | None = None) -> None:
    """Print the table."""
    console = console or Console(highlight=False)
    table = Table(width=WIDTH, pad_edge=False, padding=(0, 1), show_lines=True)
    table.add_column(f"{products:,} products".replace(",", " "), ratio=4)
    table.add_column("hub", justify="right", ratio=2)
    table.add_column("peer  hub ÷ peer", ratio=3)
    table.add_column("limit  hub ÷ limit", ratio=3)
    table.add_column("verdict", ratio=2)
    for row in rows:
        hub = "–" if row.hub is None else f"{_short(row.hub)} {row.unit}"
        what = row.what + (f"\n[dim]{row.note}[/dim]" if row.note else "")
        table.add_row(what, hub, _beside(row, row.peer), _beside(row, row.limit), _coloured(row.verdict(products)))
    console.print(table)


def json_line(rows: Sequence[Row], products: int, met: bool) -> str:
    """Everything that the table shows, in one line."""
    found = {"products": products, "met": met, "rows": [row.figures(products) for row in rows]}
    return json.dumps(found, ensure_ascii=False)


def _beside(row: Row, other: Beside | None) -> str:
    if other is None:
        return ""
    ratio = row.ratio(other)
    asked = f" (asked {other.bound})" if other.bound else ""
    return f"{other.name} {_short(other.value)}" + (f"\n{ratio:.3g} ×{asked}" if ratio is not None else "")


def _short(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 1000 else f"{value:.3g}"


def _coloured(verdict: str) -> str:
    colour = {"met": "green", "missed": "red"}.get(verdict)
    return f"[{colour}]{verdict}[/{colour}]" if colour else verdict
