"""Which figures decide the exit status, and how they are shown."""

import json

import pytest
from rich.console import Console

from benchmarks.__main__ import chosen
from benchmarks.rows import Beside, Row, at_least, at_most
from benchmarks.table import json_line, show

CORE = Row(
    "catalogue", "first night", "CPU s", 20.0, Beside("pandas", 50.0, at_most(0.5)), Beside("floor", 15.0, at_most(1.5))
)


@pytest.mark.parametrize(
    ("hub", "verdict"), [(20.0, "met"), (24.0, "missed"), (25.1, "missed")], ids=["both", "limit", "both-missed"]
)
def test_verdict_needs_both_bounds(hub: float, verdict: str) -> None:
    row = Row("p", "w", "CPU s", hub, CORE.peer, CORE.limit)
    assert row.verdict(100_000) == verdict


def test_bounds_of_large_catalogues_are_not_judged_on_small_ones() -> None:
    row = Row("p", "w", "CPU s", 99.0, CORE.peer, CORE.limit, judged_from=100_000)
    assert row.verdict(99_999) == "not judged below 100 000"
    assert row.verdict(100_000) == "missed"
    assert row.missed() == ["w ÷ pandas is 1.98, asked ≤ 0.5", "w ÷ floor is 6.6, asked ≤ 1.5"]


def test_what_was_not_run_is_neither_met_nor_missed() -> None:
    row = Row("p", "w", "CPU s", None, limit=CORE.limit, note="no network")
    assert row.verdict(100_000) == "not run"
    assert row.missed() == []


def test_rates_must_be_at_least() -> None:
    row = Row("feed", "writer", "MB per CPU s", 70.0, limit=Beside("template", 100.0, at_least(0.7)))
    assert row.verdict(1000) == "met"


def test_one_json_line_says_what_the_table_says(capsys: pytest.CaptureFixture[str]) -> None:
    show([CORE], 100_000, Console(width=80))
    table = capsys.readouterr().out
    assert "1.33 ×" in table and "met" in table
    assert max(map(len, table.splitlines())) <= 80
    line = json_line([CORE], 100_000, True)
    assert "\n" not in line
    assert json.loads(line)["rows"][0]["limit"]["ratio"] == 1.333


@pytest.mark.parametrize(("rows", "only"), [("many", ""), ("12", ""), ("", "catalog")])
def test_environment_is_checked(rows: str, only: str) -> None:
    with pytest.raises(SystemExit, match="ROWS is a number"):
        chosen(rows, only)
